"""What can go wrong when a page elsewhere is asked for, by kind."""

import enum


class Trouble(enum.StrEnum):
    """Why a page could not be had; what a person reads does not tell them all apart."""

    OFF = "off"
    ADDRESS = "address"
    NO_PUBLIC_HOST = "no-public-host"
    NO_NAMES = "no-names"
    SILENT = "silent"
    UNREACHABLE = "unreachable"
    NOT_TRUSTED = "not-trusted"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too-large"
    REDIRECTS = "redirects"
