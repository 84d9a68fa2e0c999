"""Calls every served operation with what its published description allows and with what it does not, and holds every answer
against the description. `scripts/schemathesis` starts it beside a `standin dev`.

Ids are those of things that exist: what an answer shows is kept by kind, and the next request names it. Since nothing lives for
ever in such a run, things are made anew every few examples.
"""
import argparse
import collections
import fnmatch
import http.cookiejar
import json
import os
import pathlib
import random
import re
import sys
import time

import hypothesis
import jsonschema_rs
import requests
import schemathesis
import yaml
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks as openapi_checks

HERE = pathlib.Path(__file__).parent
EXCUSED = HERE / "excused.tsv"
PAGE = "http://localhost:3000"
PASSWORD = "correct horse battery staple 7"
# What is there is made anew after so many examples of one operation.
FRESH_EVERY = 40
SLOWEST = 5.0
CHECKS = [
    not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]


def served(coverage):
    """The operations that docs/coverage.md says are served, each as (api, 'GET /v1/…'), with what is left out of them."""
    found, api = {}, None
    for line in coverage.read_text().splitlines():
        if title := re.match(r"## (Backend|Frontend) API", line):
            api = title[1].lower()
        elif line.startswith("## "):
            api = None
        elif api and (row := re.match(r"\| `(\w+ /\S*)` \| (yes|in part) \|(.*)\|", line)):
            left_out = [name for part in re.findall(r"without ([^;(]*)", row[3]) for name in re.findall(r"`(\w+)`", part)]
            found[api, row[1]] = left_out
    return found


class World:
    """What exists on the server, and how it is talked to."""

    def __init__(self, base, key, seed):
        self.base, self.key = base, key
        self.random = random.Random(seed)
        self.count = 0
        self.things = collections.defaultdict(lambda: collections.deque(maxlen=30))
        self.cookies, self.with_pages = {}, False
        self.session = requests.Session()
        self.session.trust_env = False
        # Cookies are sent as the page's that is meant.
        self.session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))

    def elsewhere(self):
        """From another address of this machine on: limits count by network."""
        self.count += 1
        source = f"127.{self.count >> 14 & 63}.{self.count >> 7 & 127}.{(self.count & 127) + 1}"
        adapter = requests.adapters.HTTPAdapter()
        adapter.init_poolmanager(4, 4, source_address=(source, 0))
        self.session.mount("http://", adapter)

    def backend(self, method, path, body=None):
        headers = {"authorization": f"Bearer {self.key}"}
        return self.learn(self.answer(dict(method=method, url=self.base + path, json=body, headers=headers)))

    def page(self, method, path, form=None):
        return self.learn(self.answer(dict(method=method, url=self.base + path, data=form, headers=self.page_headers())))

    def answer(self, request):
        """A server may close a connection that it kept open at any time; then it is asked again."""
        try:
            return self.session.request(**request, timeout=60, allow_redirects=False)
        except requests.exceptions.ConnectionError:
            return self.session.request(**request, timeout=60, allow_redirects=False)

    def page_headers(self):
        headers = {"origin": PAGE}
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return headers

    def learn(self, answer):
        """Keeps what an answer shows, by kind."""
        try:
            self.keep(answer.json())
        except ValueError:
            pass
        return answer

    def keep(self, value):
        if isinstance(value, list):
            for one in value:
                self.keep(one)
        elif isinstance(value, dict):
            kind = value.get("object")
            name = value.get("agent_task_id") or value.get("id")
            if isinstance(kind, str) and isinstance(name, str) and not value.get("deleted"):
                self.things[kind].append(value)
            for one in value.values():
                self.keep(one)

    def take_cookies(self, answer):
        for text in answer.raw.headers.getlist("set-cookie"):
            name, _, value = text.split(";")[0].partition("=")
            if "max-age=0" in text.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    def renew(self):
        """One of everything, and a page that its user has just signed in on."""
        self.elsewhere()
        for kind, path in [("role", "organization_roles"), ("permission", "organization_permissions")]:
            for thing in list(self.things[kind]):
                self.backend("DELETE", f"/v1/{path}/{thing['id']}")
        self.things.clear()
        self.backend("PATCH", "/v1/instance/organization_settings", {
            "enabled": True, "domains_enabled": True, "admin_delete_enabled": True, "force_organization_selection": False,
            "max_allowed_memberships": 5})
        self.backend("PATCH", "/v1/instance/restrictions", {"allowlist": False, "blocklist": False})
        n = f"{self.count}x{self.random.randrange(1 << 30)}"
        email = f"u{n}+clerk_test@example.com"
        user = self.backend("POST", "/v1/users", {
            "email_address": [email, f"v{n}+clerk_test@example.com"], "phone_number": [self.phone()], "username": f"user{n}",
            "password": PASSWORD, "first_name": "Ada", "external_id": f"e{n}", "public_metadata": {"plan": "a"},
        })
        user = user.json()["id"]
        other = self.backend("POST", "/v1/users", {"email_address": [f"w{n}+clerk_test@example.com"]}).json()["id"]
        organization = self.backend("POST", "/v1/organizations", {"name": f"Acme {n}", "created_by": user}).json()["id"]
        make = lambda path, **body: self.backend("POST", path, body).json()
        make(f"/v1/organizations/{organization}/memberships", user_id=other, role="org:member")
        make(f"/v1/organizations/{organization}/invitations", email_address=f"x{n}@example.com", role="org:member",
             inviter_user_id=user, redirect_url=PAGE + "/join")
        make(f"/v1/organizations/{organization}/domains", name=f"d{n}.example.com")
        make("/v1/organization_roles", name=f"Role {n}", key=f"org:r{n}", description="One")
        make("/v1/organization_permissions", name=f"Permission {n}", key=f"org:p{n}:read", description="One")
        make("/v1/invitations", email_address=f"y{n}@example.com", redirect_url=PAGE + "/join")
        make("/v1/waitlist_entries", email_address=f"z{n}@example.com")
        make("/v1/allowlist_identifiers", identifier=f"a{n}@example.com", notify=False)
        make("/v1/blocklist_identifiers", identifier=f"b{n}@example.com")
        make("/v1/jwt_templates", name=f"t{n}", claims={"plan": "{{user.public_metadata.plan}}"}, lifetime=60)
        make("/v1/actor_tokens", user_id=other, actor={"sub": user})
        make("/v1/sign_in_tokens", user_id=other)
        make("/v1/agents/tasks", on_behalf_of={"user_id": user}, permissions="*", agent_name=f"agent-{n}",
             task_description="Look", redirect_url=PAGE + "/")
        make("/v1/sessions", user_id=other)
        self.backend("POST", f"/v1/organization_roles/{self.id('role')}/permissions/{self.id('permission')}")
        elsewhere = make("/v1/organizations", name=f"Other {n}", created_by=other)["id"]
        self.sign_in(user)
        if self.with_pages:
            make(f"/v1/organizations/{elsewhere}/invitations", email_address=email, role="org:member", inviter_user_id=other)
            self.open_page(user, email, organization)

    def open_page(self, user, email, organization):
        """A page and what can be seen from it, and a visitor who is about to sign in or up."""
        tickets = [thing for kind in ("agent_task", "sign_in_token") for thing in self.things[kind]]
        self.things.clear()
        self.things["ticket"].extend(tickets)
        self.visitor = user, email
        for path in ["client", "me/sessions", "me/organization_invitations", "me/organization_memberships"] + [
                f"organizations/{organization}/{part}" for part in ("memberships", "invitations", "domains")]:
            self.page("GET", f"/v1/{path}")
        self.page("POST", "/v1/me/email_addresses", {"email_address": email.replace("@", "m@")})
        self.page("POST", "/v1/me/phone_numbers", {"phone_number": f"+1201555{self.random.randrange(100, 200):04}"})

    def begin(self):
        """Nobody is signed in, and somebody has begun to."""
        self.cookies = {}
        self.take_cookies(self.page("GET", "/v1/client"))
        self.take_cookies(self.page("POST", "/v1/client/sign_ins", {"identifier": self.visitor[1]}))
        form = {"email_address": f"s{self.random.randrange(1 << 40)}+clerk_test@example.com", "password": PASSWORD}
        self.take_cookies(self.page("POST", "/v1/client/sign_ups", form))

    def sign_in(self, user):
        self.cookies = {}
        token = self.backend("POST", "/v1/sign_in_tokens", {"user_id": user}).json()["token"]
        answer = self.session.get(f"{self.base}/v1/tickets/accept", params={"ticket": token}, allow_redirects=False)
        self.take_cookies(answer)
        self.page("GET", "/v1/client")

    def phone(self):
        return f"+4479{self.random.randrange(10**8):08}"

    def any(self, kind):
        found = self.things[kind]
        if kind in ("sign_in_attempt", "sign_up_attempt"):
            # The cookies hold one of each.
            return found[-1] if found else None
        return self.random.choice(found) if found else None

    def id(self, kind):
        thing = self.any(kind)
        return thing and (thing.get("agent_task_id") or thing["id"])


# Which kind of thing a path's segment lists.
KINDS = {
    "agents/tasks": "agent_task", "email_addresses": "email_address", "phone_numbers": "phone_number", "users": "user",
    "sessions": "session", "clients": "client", "organizations": "organization", "jwt_templates": "jwt_template",
    "allowlist_identifiers": "allowlist_identifier", "blocklist_identifiers": "blocklist_identifier",
    "actor_tokens": "actor_token", "sign_in_tokens": "sign_in_token", "waitlist_entries": "waitlist_entry",
    "organization_roles": "role", "organization_permissions": "permission", "permissions": "permission",
    "organization_memberships": "organization", "organization_invitations": "organization_invitation",
    "sign_ins": "sign_in_attempt", "sign_ups": "sign_up_attempt",
}
# What the bodies and queries of requests name.
NAMES = {
    "user_id": "user", "session_id": "session", "client_id": "client", "organization_id": "organization",
    "inviter_user_id": "user", "created_by": "user", "permission_id": "permission", "role_id": "role",
    "primary_email_address_id": "email_address", "primary_phone_number_id": "phone_number", "email_address_id": "email_address",
    "phone_number_id": "phone_number", "active_organization_id": "organization", "creator_user_id": "user",
}


class Maker:
    """Makes requests meet things that exist, as often as not."""

    def __init__(self, world, path, left_out, properties):
        self.domains = path.endswith("/domains")
        self.world, self.left_out, self.properties = world, left_out, properties
        self.random = world.random
        # What answers said is missing, and what they refused.
        self.wanted, self.unwanted = set(), set()

    def hear(self, answer):
        """Learns from a refusal."""
        try:
            error = answer.json()["errors"][0]
            name = error["meta"]["param_name"]
        except (ValueError, KeyError, TypeError):
            return
        if error["code"] == "form_param_missing":
            self.wanted.add(name)
        elif answer.status_code == 422:
            self.unwanted.add(name)

    def path(self, path, given):
        """The path's parameters: of one thing that exists, and of what it belongs to."""
        named = dict(given)
        parts = path.strip("/").split("/")
        for at, part in enumerate(parts):
            if part.startswith("{") and (value := self.child(part[1:-1], parts, at, named)):
                named[part[1:-1]] = value
        return named

    def child(self, name, parts, at, named):
        world, before = self.world, parts[at - 1]
        parent = named.get("organization_id")
        if name == "template_name":
            template = world.any("jwt_template")
            return template and template["name"]
        if before == "tasks":
            return world.id("agent_task")
        if before == "invitations":
            organizations = parent is not None
            found = world.things["organization_invitation" if organizations else "invitation"]
            found = [one for one in found if not organizations or one.get("organization_id") == parent] or list(found)
            return self.random.choice(found)["id"] if found else None
        if before == "domains":
            found = [one for one in world.things["organization_domain"] if one.get("organization_id") == parent]
            return self.random.choice(found)["id"] if found else None
        if before == "memberships":
            found = [one for one in world.things["organization_membership"]
                     if one.get("organization", {}).get("id") == parent and one.get("public_user_data")]
            return self.random.choice(found)["public_user_data"]["user_id"] if found else None
        return world.id(KINDS.get(before, before))

    def value(self, name, value):
        world = self.world
        if name in NAMES and isinstance(value, str):
            return world.id(NAMES[name]) or value
        if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
            return [self.value(name.removesuffix("s") if name != "email_address" else name, one) for one in value]
        if name == "actor":
            return {"sub": world.id("user")}
        if name == "on_behalf_of":
            return {"user_id": world.id("user")}
        if not isinstance(value, str):
            return value
        if name in ("email_address", "identifier", "new_email_address", "primary_email_address"):
            if self.random.random() < 0.3 and (known := world.any("email_address")):
                return known["email_address"]
            return f"n{self.random.randrange(1 << 40)}+clerk_test@example.com"
        if name == "phone_number":
            return world.phone() if not world.with_pages else f"+1201555{self.random.randrange(100, 200):04}"
        if name in ("ticket", "token") and self.random.random() < 0.8 and (known := world.any("ticket")):
            return known.get("token") or re.findall("ticket=([^&]*)", known["url"])[0]
        if name == "code":
            return "424242"
        if name in ("password", "current_password"):
            return PASSWORD
        if name == "new_password":
            return PASSWORD + "8"
        if name == "unsafe_metadata":
            return "{}"
        if name == "name" and self.random.random() < 0.8:
            return f"n{self.random.randrange(1 << 40)}" + (".example.com" if self.domains else "")
        if name in ("redirect_url", "return_url", "request_origin", "origin", "home_url"):
            return PAGE + "/dashboard"
        if name in ("role", "creator_role", "domains_default_role"):
            return self.random.choice(["org:admin", "org:member"])
        if name == "strategy" and self.random.random() < 0.6:
            return self.random.choice(["password", "email_code", "phone_code", "ticket", "reset_password_email_code"])
        if name in ("slug", "username", "external_id"):
            return f"s{self.random.randrange(1 << 40)}"
        if name == "key":
            return f"org:k{self.random.randrange(1 << 40)}"
        return value

    def fields(self, fields, required=()):
        """Fields of a body or a query, with fewer of those that need not be, and what earlier answers asked for."""
        if isinstance(fields, list):
            return [self.fields(one, required) for one in fields]
        if not isinstance(fields, dict):
            return fields
        kept, sparse = {}, self.random.choice([0.0, 0.5, 0.9])
        for name, value in fields.items():
            dropped = 0.9 if name in self.left_out else 0.7 if name in self.unwanted else sparse
            if name not in required and self.random.random() < dropped:
                continue
            kept[name] = self.value(name, value) if self.random.random() < 0.9 else value
        for name in sorted(self.wanted & self.properties.keys()):
            if name not in kept and self.random.random() < 0.8:
                kept[name] = self.value(name, self.plain(name))
        return kept

    def plain(self, name):
        """The simplest value of a property."""
        schema = self.properties[name]
        match schema.get("type"):
            case "array":
                return ["x"]
            case "object":
                return {}
            case "boolean":
                return True
            case "integer" | "number":
                return 1
        return (schema.get("enum") or [f"x{self.random.randrange(1 << 40)}"])[0]


def form(body):
    """As clerk-js sends it: of a list one of the same name each, an object as its JSON."""
    pairs = []
    for name, value in body.items():
        for one in value if isinstance(value, list) else [value]:
            pairs.append((name, one if isinstance(one, str) else json.dumps(one)))
    return pairs


def body_of(operation):
    """The properties of an operation's body, and those that it must have."""
    for body in operation.body:
        schema = body.optimized_schema
        if isinstance(schema, dict):
            schema = schema.get("items", schema)
            return schema.get("properties", {}), schema.get("required", ())
    return {}, ()


class Run:
    def __init__(self, options):
        self.options = options
        self.left_out = served(HERE / "../../docs/coverage.md")
        self.world = World(os.environ["CLERK_API_URL"], os.environ["CLERK_SECRET_KEY"], options.seed)
        self.found = collections.defaultdict(list)
        self.statuses = collections.defaultdict(collections.Counter)
        self.requests = 0

    def api(self, name, pattern):
        file = sorted(pathlib.Path(self.options.descriptions).glob(pattern))[-1]
        raw = yaml.load(file.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        prefix = "/v1" if name == "backend" else ""
        base, self.world.with_pages = self.world.base + prefix, name == "frontend"
        self.shapes = Shapes(raw)
        schema = schemathesis.openapi.from_dict(raw)
        missing = {operation for api, operation in self.left_out if api == name}
        for result in schema.get_all_operations():
            operation = result.ok()
            label = f"{operation.method.upper()} {prefix}{operation.path}"
            if (name, label) not in self.left_out:
                continue
            missing.discard(label)
            if self.options.only and self.options.only not in f"{name} {label}":
                continue
            self.operation(name, label, operation, base)
        if missing and not self.options.only:
            raise SystemExit(f"served, and not described: {sorted(missing)}")

    def operation(self, api, label, operation, base):
        where, started = f"{api} {label}", time.monotonic()
        properties, required = body_of(operation)
        maker = Maker(self.world, operation.path, self.left_out[api, label], properties)
        negative = self.options.examples // 4
        for mode, examples in [("positive", self.options.examples - negative), ("negative", negative)]:
            try:
                strategy = operation.as_strategy(generation_mode=schemathesis.GenerationMode(mode))
                self.examples(strategy, examples, lambda case: self.one(where, case, maker, base, mode, required))
            except hypothesis.errors.Unsatisfiable:
                pass
        counts = " ".join(f"{status}:{count}" for status, count in sorted(collections.Counter(
            status[:3] for status, count in self.statuses[where].items() for _ in range(count)).items()))
        if self.options.verbose:
            print(f"{where:90} {counts}  {time.monotonic() - started:.1f} s", flush=True)

    def examples(self, strategy, examples, call):
        number = 0

        @hypothesis.seed(self.options.seed)
        @hypothesis.settings(
            max_examples=examples, database=None, deadline=None, phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(strategy)
        def each(case):
            nonlocal number
            if number % FRESH_EVERY == 0:
                self.world.renew()
            number += 1
            call(case)

        each()

    def one(self, where, case, maker, base, mode, required):
        api, operation = where.split()[0], case.operation
        world, chance = self.world, self.world.random.random()
        if world.with_pages and operation.path.startswith(("/v1/client/sign_", "/v1/agents", "/v1/tickets")):
            world.begin()
        if chance < 0.9:
            case.path_parameters = maker.path(operation.path, case.path_parameters)
        if mode == "positive" and chance < 0.95:
            case.query = maker.fields(case.query)
            case.body = maker.fields(case.body, required)
        headers = world.page_headers()
        if api == "backend":
            headers = {"authorization": f"Bearer {world.key}"}
        if operation.path in ("/v1/agents/tasks", "/v1/tickets/accept", "/v1/client/handshake"):
            headers.pop("origin", None)
        case.headers = {}
        case.cookies = {}
        kwargs = case.as_transport_kwargs(base)
        kwargs["headers"] = {**dict(kwargs.get("headers") or {}), **headers}
        kwargs.pop("cookies", None)
        if isinstance(case.body, dict) and case.media_type == "application/x-www-form-urlencoded":
            kwargs["data"] = form(case.body)
        try:
            answer = world.answer(kwargs)
        except (UnicodeError, requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL):
            return  # no request can be made of it
        except requests.exceptions.ConnectionError as error:
            self.found[where, "no answer"].append((str(error), case.as_curl_command()[:600], ""))
            return
        self.requests += 1
        if api == "frontend":
            world.take_cookies(answer)
        world.learn(answer)
        maker.hear(answer)
        self.statuses[where][summary(answer)] += 1
        if answer.elapsed.total_seconds() > SLOWEST:
            self.note(where, "slow", f"{answer.elapsed}", case, answer)
        failures = []
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            failures = group.exceptions
        except Failure as failure:
            failures = [failure]
        if answer.status_code >= 400 and not is_refusal(answer):
            self.note(where, f"{answer.status_code} not Clerk's shape of an error", "", case, answer)
        for failure in failures:
            name = type(failure).__name__
            kinds = {(name, failure.message)}
            if name == "JsonSchemaError":
                kinds = self.shapes.leaves(operation, answer) or kinds
            for kind, detail in kinds:
                self.note(where, f"{answer.status_code} {kind}", detail, case, answer)
        if answer.status_code == 401 and world.with_pages:
            world.sign_in(world.visitor[0])

    def note(self, where, kind, detail, case, answer):
        self.found[where, kind].append((detail, case.as_curl_command()[:600], answer.text[:600]))


def is_refusal(answer):
    """Whether an answer has the shape that all of Clerk's errors have; descriptions name some statuses only."""
    try:
        body = answer.json()
        texts = [error[name] for error in body["errors"] for name in ("code", "message", "long_message")]
        return bool(texts) and all(isinstance(text, str) and text for text in [*texts, body["clerk_trace_id"]])
    except (ValueError, KeyError, TypeError):
        return False


def summary(answer):
    """A status, and of what is refused the code and what it is about."""
    try:
        error = answer.json()["errors"][0]
        return f"{answer.status_code} {error['code']} {error.get('meta', {}).get('param_name', '')}".strip()
    except (ValueError, KeyError, TypeError):
        return str(answer.status_code)


class Shapes:
    """Says where exactly an answer leaves its description: a schema of alternatives alone would say that none of them fits."""

    def __init__(self, description):
        self.description, self.known = strict(description), {}

    def leaves(self, operation, answer):
        key = operation.path, operation.method, str(answer.status_code)
        if key not in self.known:
            self.known[key] = jsonschema_rs.validator_for({
                **self.schema(*key), "components": self.description["components"]})
        found = set()
        for error in self.known[key].iter_errors(answer.json()):
            found.update(leaf(error))
        return found

    def schema(self, path, method, status):
        response = self.description["paths"][path][method.lower()]["responses"][status]
        while "$ref" in response:
            for part in response.pop("$ref").removeprefix("#/").split("/"):
                response = response[part] if part in response else self.description[part]
        return response["content"]["application/json"]["schema"]


def strict(node):
    """OpenAPI's `nullable` in JSON Schema's words."""
    if isinstance(node, list):
        return [strict(one) for one in node]
    if not isinstance(node, dict):
        return node
    node = {name: strict(value) for name, value in node.items() if name not in ("example", "examples")}
    if node.pop("nullable", None) is True:
        return {"anyOf": [node, {"type": "null"}]}
    return node


def leaf(error):
    """Of alternatives, what is wrong with the one that comes nearest."""
    at = list(error.instance_path)
    alternatives = [list(one) for one in getattr(error.kind, "context", [])]
    meant = [one for one in alternatives if not any(list(e.instance_path) == at and keyword(e) == "type" for e in one)]
    if meant:
        return {one for inner in min(meant, key=len) for one in leaf(inner)}
    path = "/".join("*" if isinstance(part, int) else part for part in at)
    match keyword(error):
        case "required":
            words = ["required " + name for name in re.findall(r'"(\w+)" is a required', error.message)]
        case "additionalProperties":
            words = ["unknown " + name for name in re.findall(r"'(\w+)'", error.message)]
        case word:
            words = [word]
    return {(f"{path} {word}".strip(), error.message) for word in words}


def keyword(error):
    return [part for part in error.schema_path if isinstance(part, str)][-1]


def excuses():
    rows = [line.split("\t") for line in EXCUSED.read_text().splitlines() if line and not line.startswith("#")]
    for row in rows:
        if len(row) != 3 or not row[2].strip():
            raise SystemExit(f"{EXCUSED.name}: an operation, what is found, and the reason, between tabs: {row}")
    return {(operation, kind): reason for operation, kind, reason in rows}


def verdict(run, excused, whole):
    """Says what is not excused, and what is excused and was not found. The latter only after a whole run."""
    used, bad = set(), []
    for (where, kind), found in sorted(run.found.items()):
        by = [row for row in excused if fnmatch.fnmatchcase(where, row[0]) and fnmatch.fnmatchcase(kind, row[1])]
        used.update(by)
        if not by:
            detail, call, answer = found[0]
            bad.append(f"{where}: {kind} ({len(found)} times)\n    {detail}\n    {call}\n    {answer}")
    if whole:
        bad += [f"no longer found, so not excused any more: {' '.join(row)}" for row in excused if row not in used]
    return bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("descriptions")
    parser.add_argument("--examples", type=int, default=200, help="of each operation; with fewer than 200, excuses may go unused")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="operations whose name holds this, as in 'frontend GET /v1/me'")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    whole = options.examples >= 200 and not options.only
    started, run = time.monotonic(), Run(options)
    run.api("backend", "bapi-*.yml")
    run.api("frontend", "fapi-*.yml")
    if whole:
        for where, answers in run.statuses.items():
            if not any(status[0] in "23" for status in answers):
                run.found[where, "never succeeds"].append((str(dict(answers)), "", ""))
    bad = verdict(run, excuses(), whole)
    print("\n".join(bad), file=sys.stderr)
    errors = sum(count for all in run.statuses.values() for status, count in all.items() if status[0] == "5")
    print(f"{len(run.statuses)} operations, {run.requests} requests, {errors} server errors, {len(bad)} findings, "
          f"{time.monotonic() - started:.0f} s")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
