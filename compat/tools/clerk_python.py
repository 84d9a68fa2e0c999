"""Clerk's SDK for Python, as it is published, beside a server.

Its models are made from the published descriptions: an answer that lacks a field, or has one of another type, is an error here.
And it sends what its callers leave out, with the value that leaving it out means.

Prints a line of JSON for each part: its name, and what went wrong in it.
"""

import json
import os
import subprocess
import traceback
import urllib.request

import httpx
from clerk_backend_api import Clerk, models
from clerk_backend_api.security import authenticate_request, verify_token
from clerk_backend_api.security.types import AuthenticateRequestOptions, AuthStatus, VerifyTokenOptions

API, KEY = os.environ["CLERK_API_URL"], os.environ["CLERK_SECRET_KEY"]
LANDING = "http://localhost:3000/dashboard"
# Names of its own: whatever fails is run once more on the same server.
RUN = f"python-{os.getpid()}"
PARTS = []


def part(function):
    PARTS.append(function)
    return function


@part
def agent_tasks(clerk, ada, _bob):
    task = {"permissions": "*", "agent_name": "python", "task_description": "Look round", "redirect_url": LANDING}
    by_id = clerk.agent_tasks.create(request={**task, "on_behalf_of": {"user_id": ada.id}})
    by_address = clerk.agent_tasks.create(
        request={
            **task,
            "on_behalf_of": {"identifier": f"{RUN}-ada@example.com"},
            "session_max_duration_in_seconds": 600,
        }
    )
    assert by_id.agent_id == by_address.agent_id and by_id.agent_task_id != by_address.agent_task_id
    revoked = clerk.agent_tasks.revoke(agent_task_id=by_id.agent_task_id)
    assert revoked.agent_task_id == by_id.agent_task_id
    with urllib.request.urlopen(urllib.request.Request(by_address.url, headers={"Accept": "application/json"})) as answer:
        visited = json.load(answer)
    session = clerk.sessions.get(session_id=visited["session"]["id"])
    assert session.user_id == ada.id and session.status == "active", session
    assert session.actor is not None, session


@part
def authentication(clerk, ada, _bob):
    session = clerk.sessions.create(request={"user_id": ada.id})
    tokens = [
        clerk.sessions.create_token(session_id=session.id).jwt,
        clerk.sessions.create_token(session_id=session.id, expires_in_seconds=120).jwt,
    ]
    # With the secret key it would ask for keys at Clerk's address, and at no other.
    pem = subprocess.run(["standin", "jwks", "pem"], check=True, capture_output=True, text=True).stdout
    key = AuthenticateRequestOptions(jwt_key=pem)
    for token in tokens:
        for header in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"__session={token}"}):
            state = authenticate_request(httpx.Request("GET", LANDING, headers=header), key)
            assert state.status == AuthStatus.SIGNED_IN, state.reason
            assert state.payload["sub"] == ada.id and state.payload["sid"] == session.id
        assert verify_token(token, VerifyTokenOptions(secret_key=KEY, api_url=API))["sub"] == ada.id
        forged = {"Authorization": f"Bearer {token[:-8]}AAAAAAAA"}
        assert authenticate_request(httpx.Request("GET", LANDING, headers=forged), key).status == AuthStatus.SIGNED_OUT
    assert clerk.sessions.revoke(session_id=session.id).status == "revoked"
    refusal(401, clerk.sessions.create_token, session_id=session.id)


@part
def users(clerk, ada, bob):
    assert [user.id for user in clerk.users.list(request={"email_address": [f"{RUN}-ada@example.com"]})] == [ada.id]
    assert clerk.users.count(request={"query": RUN}).total_count == 2
    assert clerk.users.get(user_id=ada.id).external_id == RUN
    assert clerk.users.update(user_id=ada.id, first_name="Augusta").first_name == "Augusta"
    assert clerk.users.update_metadata(user_id=ada.id, public_metadata={"b": 2}).public_metadata == {"a": 1, "b": 2}
    assert clerk.users.replace_metadata(user_id=ada.id, public_metadata={"c": 3}).public_metadata == {"c": 3}
    assert clerk.users.verify_password(user_id=ada.id, password="correct horse battery").verified
    for change, field in (("ban", "banned"), ("unban", "banned"), ("lock", "locked"), ("unlock", "locked")):
        changed = getattr(clerk.users, change)(user_id=bob.id)
        assert getattr(changed, field) == (not change.startswith("un")), change
    assert clerk.users.bulk_ban(user_ids=[bob.id])[0].banned
    assert not clerk.users.bulk_unban(user_ids=[bob.id])[0].banned
    address = clerk.email_addresses.create(request={"user_id": ada.id, "email_address": f"{RUN}-2@example.com", "verified": True})
    assert clerk.email_addresses.update(email_address_id=address.id, primary=True).id == address.id
    assert clerk.users.get(user_id=ada.id).primary_email_address_id == address.id
    assert clerk.email_addresses.get(email_address_id=address.id).email_address == f"{RUN}-2@example.com"
    assert clerk.email_addresses.delete(email_address_id=address.id).deleted
    number = clerk.phone_numbers.create(request={"user_id": ada.id, "phone_number": "+15555550199", "verified": True})
    assert clerk.phone_numbers.update(phone_number_id=number.id, verified=True).verification.status == "verified"
    assert clerk.phone_numbers.delete(phone_number_id=number.id).deleted


@part
def tokens(clerk, ada, bob):
    link = clerk.sign_in_tokens.create(request={"user_id": ada.id})
    assert clerk.sign_in_tokens.revoke(sign_in_token_id=link.id).status == "revoked"
    actor = clerk.actor_tokens.create(request={"user_id": ada.id, "actor": {"sub": bob.id}})
    assert clerk.actor_tokens.revoke(actor_token_id=actor.id).status == "revoked"
    assert clerk.testing_tokens.create().token
    template = clerk.jwt_templates.create(request={"name": RUN, "claims": {"who": "{{user.id}}"}})
    assert template.id in [one.id for one in clerk.jwt_templates.list()]
    assert clerk.jwt_templates.update(template_id=template.id, name=RUN, claims={"x": 1}).name == RUN
    session = clerk.sessions.create(request={"user_id": ada.id})
    assert clerk.sessions.create_token_from_template(session_id=session.id, template_name=RUN).jwt
    assert session.id in [one.id for one in clerk.sessions.list(user_id=ada.id)]
    assert clerk.jwt_templates.delete(template_id=template.id).deleted
    clients = clerk.clients.list()
    assert clerk.clients.get(client_id=clients[0].id).id == clients[0].id
    assert clerk.jwks.get_jwks().keys


@part
def invitations(clerk, _ada, _bob):
    one = clerk.invitations.create(request={"email_address": f"{RUN}-new@example.com", "redirect_url": LANDING})
    assert one.url and one.status == "pending", one
    many = clerk.invitations.bulk_create(request=[{"email_address": f"{RUN}-{n}@example.com"} for n in range(3, 6)])
    assert len(many) == 3
    assert {invitation.id for invitation in clerk.invitations.list()} >= {one.id, *(other.id for other in many)}
    assert clerk.invitations.revoke(invitation_id=one.id).status == "revoked"
    entry = clerk.waitlist_entries.create(request={"email_address": f"{RUN}-waits@example.com"})
    more = clerk.waitlist_entries.bulk_create(request=[{"email_address": f"{RUN}-waits-too@example.com"}])
    assert clerk.waitlist_entries.list(query=RUN).total_count == 2
    assert clerk.waitlist_entries.reject(waitlist_entry_id=entry.id).status == "rejected"
    assert clerk.waitlist_entries.invite(waitlist_entry_id=entry.id).status == "invited"
    assert clerk.waitlist_entries.delete(waitlist_entry_id=more[0].id).deleted
    for lists, listed in (
        (clerk.allowlist_identifiers, lambda answer: answer),
        (clerk.blocklist_identifiers, lambda answer: answer.data),
    ):
        identifier = lists.create(request={"identifier": f"{RUN}-9@example.com"})
        assert identifier.id in [other.id for other in listed(lists.list())]
        assert lists.delete(identifier_id=identifier.id).deleted


@part
def organizations(clerk, ada, bob):
    assert clerk.instance_settings.update_organization_settings(request={"enabled": True, "domains_enabled": True}).enabled
    organization = clerk.organizations.create(
        request={"name": "Python", "slug": RUN, "created_by": ada.id, "public_metadata": {"a": 1}}
    )
    here = {"organization_id": organization.id}
    assert clerk.organizations.list(include_members_count=True).total_count >= 1
    assert clerk.organizations.get(**here, include_members_count=True).members_count == 1
    assert clerk.organizations.update(**here, name="Pythons").name == "Pythons"
    assert clerk.organizations.merge_metadata(**here, public_metadata={"b": 2}).public_metadata == {"a": 1, "b": 2}
    assert clerk.organizations.replace_metadata(**here, public_metadata={"c": 3}).public_metadata == {"c": 3}
    member = {**here, "user_id": bob.id}
    assert clerk.organization_memberships.create(**member, role="org:member").role == "org:member"
    assert clerk.organization_memberships.list(**here).total_count == 2
    assert clerk.organization_memberships.update(**member, role="org:admin").role == "org:admin"
    assert clerk.organization_memberships.update_metadata(**member, public_metadata={"x": 1}).public_metadata == {"x": 1}
    assert clerk.users.get_organization_memberships(user_id=bob.id).total_count == 1
    assert clerk.organization_memberships.delete(**member).organization.id == organization.id
    invitation = clerk.organization_invitations.create(**here, email_address=f"{RUN}-6@example.com", role="org:member")
    bulk = [{"email_address": f"{RUN}-7@example.com", "role": "org:member"}]
    assert len(clerk.organization_invitations.bulk_create(**here, request_body=bulk).data) == 1
    assert clerk.organization_invitations.list(**here).total_count == 2
    assert clerk.organization_invitations.get_all().total_count == 2
    named = {**here, "invitation_id": invitation.id}
    assert clerk.organization_invitations.get(**named).status == "pending"
    assert clerk.organization_invitations.revoke(**named, requesting_user_id=ada.id).status == "revoked"
    domain = clerk.organization_domains.create(**here, name=f"{RUN}.example", enrollment_mode="manual_invitation")
    assert clerk.organization_domains.verify_ownership(**here, domain_id=domain.id).id == domain.id
    assert clerk.organization_domains.list(**here).total_count == 1
    assert clerk.organization_domains.delete(**here, domain_id=domain.id).deleted
    permission = clerk.organization_permissions.create(name="Do", key="org:python:do", description="Do it")
    role = clerk.organization_roles.create(name="Pythonist", key="org:pythonist", permissions=[permission.id])
    both = {"organization_role_id": role.id, "permission_id": permission.id}
    assert not clerk.organization_roles.remove_permission(**both).permissions
    assert clerk.organization_roles.assign_permission(**both).permissions[0].key == "org:python:do"
    assert clerk.organization_roles.list().total_count >= 3
    assert clerk.organization_roles.delete(organization_role_id=role.id).deleted
    assert clerk.organization_permissions.delete(permission_id=permission.id).deleted
    assert clerk.organizations.delete(**here).deleted


@part
def refusals(clerk, _ada, _bob):
    refusal(404, clerk.users.get, user_id="user_nobody")
    refusal(422, clerk.users.create, email_address=[f"{RUN}-ada@example.com"])
    task = {"permissions": "*", "agent_name": "python", "task_description": "x", "redirect_url": LANDING}
    refusal(404, clerk.agent_tasks.create, request={**task, "on_behalf_of": {"user_id": "user_nobody"}})
    refusal(401, Clerk(bearer_auth="sk_test_wrong", server_url=f"{API}/v1").users.list, request={})


def refusal(status, call, **given):
    try:
        call(**given)
    except models.ClerkErrors as error:
        assert error.raw_response.status_code == status, error
        assert error.data.errors[0].code, error
    else:
        raise AssertionError(f"no refusal with {status}")


def main():
    clerk = Clerk(bearer_auth=KEY, server_url=f"{API}/v1")
    ada = clerk.users.create(
        email_address=[f"{RUN}-ada@example.com"],
        phone_number=["+15555550123"],
        first_name="Ada",
        username=RUN,
        password="correct horse battery",
        public_metadata={"a": 1},
        external_id=RUN,
    )
    bob = clerk.users.create(email_address=[f"{RUN}-bob@example.com"])
    for function in PARTS:
        wrong = None
        try:
            function(clerk, ada, bob)
        except Exception:
            wrong = traceback.format_exc(limit=-2)
        print(json.dumps({"part": function.__name__.replace("_", " "), "wrong": wrong}), flush=True)
    for user in (ada, bob):
        clerk.users.delete(user_id=user.id)


main()
