"""Signatures as Mail::DKIM reads them, as SpamAssassin does (STANDARDS D01)."""

import subprocess

import pytest

from newsletter.mail import dkim
from tests.keys import ED25519, RSA, public_records
from tests.mail.test_dkim import LETTER

# The version that Debian has knows no Ed25519 keys: a signature of one must not harm the other.
VERIFIER = r"""
use strict; use warnings; use Mail::DKIM::Verifier; use Net::DNS;
my %records = @ARGV;
no warnings qw(redefine once);
*Mail::DKIM::DNS::query_async = sub {
    my ($host, $type, %prms) = @_;
    my @parts = $records{"$host."} =~ /.{1,255}/g;
    my $found = Net::DNS::RR->new(name => $host, type => "TXT", txtdata => \@parts);
    my @result = $prms{Callbacks}{Success}->($found);
    return sub { $result[0] };
};
my $verifier = Mail::DKIM::Verifier->new();
binmode STDIN;
$verifier->PRINT($_) while <STDIN>;
$verifier->CLOSE;
print $_->algorithm, " ", $_->result, "\n" for $verifier->signatures;
"""


def verdicts(message: bytes) -> list[str]:
    """Each signature's algorithm and what is thought of it."""
    records = [
        text for name, record in public_records([RSA]).items() for text in (name, record.decode())
    ]
    done = subprocess.run(
        ["perl", "-e", VERIFIER, *records], input=message, capture_output=True, check=True
    )
    return done.stdout.decode().splitlines()


def test_an_rsa_signature_passes() -> None:
    assert verdicts(dkim.signed(LETTER, [RSA])) == ["rsa-sha256 pass"]


@pytest.mark.parametrize("keys", [(RSA, ED25519), (ED25519, RSA)], ids=["before", "after"])
def test_it_passes_beside_one_that_is_not_understood(keys: tuple[dkim.SigningKey, ...]) -> None:
    assert "rsa-sha256 pass" in verdicts(dkim.signed(LETTER, keys))


def test_a_changed_message_does_not_pass() -> None:
    changed = dkim.signed(LETTER, [RSA]).replace(b"One-Click", b"Two-Clicks")
    assert verdicts(changed) == ["rsa-sha256 fail"]
