"""Who is at the desk: editors, what they may do, and how they prove who they are."""

from newsletter.accounts.editors import (
    LONGEST_NAME,
    activate,
    add_editor,
    all_editors,
    change_details,
    change_role,
    choose_mails,
    deactivate,
    find_editor,
    get_editor,
    withdraw_invitation,
)
from newsletter.accounts.models import Editor, EditorSession, Role, SignInLink, SignInWay
from newsletter.accounts.passwords import password_matches, set_password
from newsletter.accounts.rights import (
    RIGHTS,
    Action,
    RoleName,
    allowed_lists,
    bind_to_lists,
    bound_lists,
    may,
    may_use_list,
    role_of,
    who_may,
)
from newsletter.accounts.sessions import end_sessions
from newsletter.accounts.sign_in_links import (
    MAILED_LINK,
    PRINTED_LINK,
    make_sign_in_link,
    read_sign_in_link,
    use_sign_in_link,
)

__all__ = [
    "LONGEST_NAME",
    "MAILED_LINK",
    "PRINTED_LINK",
    "RIGHTS",
    "Action",
    "Editor",
    "EditorSession",
    "Role",
    "RoleName",
    "SignInLink",
    "SignInWay",
    "activate",
    "add_editor",
    "all_editors",
    "allowed_lists",
    "bind_to_lists",
    "bound_lists",
    "change_details",
    "change_role",
    "choose_mails",
    "deactivate",
    "end_sessions",
    "find_editor",
    "get_editor",
    "make_sign_in_link",
    "may",
    "may_use_list",
    "password_matches",
    "read_sign_in_link",
    "role_of",
    "set_password",
    "use_sign_in_link",
    "who_may",
    "withdraw_invitation",
]
