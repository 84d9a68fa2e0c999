// What Clerk's own SDK makes of a request: reads one as JSON on each line and answers with one line of JSON. The Rust SDK's
// differential test asks it the same questions that it asks the Rust SDK.
import { createInterface } from 'node:readline';
import { createClerkClient } from '@clerk/backend';

const headersOf = (state, name) => (name === 'set-cookie' ? state.headers.getSetCookie() : state.headers.get(name));

// What the caller is in which organization, and what `has` says of them: to single questions, and to two of several parts.
function standing(auth, questions) {
    if (!auth?.has) return {};
    const several = [{ role: 'admin', plan: 'pro' }, { role: 'admin', permission: 'invoices:read', feature: 'ai' }];
    // A condition of both a role and a permission is not in the types; two questions are.
    const has = (params) => (params.role && params.permission
        ? auth.has({ role: params.role }) && auth.has({ permission: params.permission, feature: params.feature })
        : auth.has(params));
    return {
        organization: { id: auth.orgId, slug: auth.orgSlug, role: auth.orgRole, permissions: auth.orgPermissions },
        has: [...questions.map(([kind, text]) => ({ [kind]: text })), ...several].map(has),
    };
}

async function decide({ options, parties, method, url, headers, has }) {
    const client = createClerkClient({ ...options, telemetry: { disabled: true } });
    const request = new Request(url, { method, headers });
    const state = await client.authenticateRequest(request, { authorizedParties: parties });
    // A handshake has nobody to show.
    const auth = state.toAuth();
    return {
        status: state.status,
        reason: state.reason,
        user: auth?.userId ?? null,
        session: auth?.sessionId ?? null,
        actor: auth?.actor?.sub ?? null,
        ...standing(auth, has),
        location: headersOf(state, 'location'),
        cookies: headersOf(state, 'set-cookie'),
    };
}

// The SDK tells people about forged handshakes on the console; standard output belongs to the answers.
console.log = console.warn = console.error = () => {};

for await (const line of createInterface({ input: process.stdin })) {
    const answer = await decide(JSON.parse(line)).catch((error) => ({ threw: String(error?.message ?? error) }));
    process.stdout.write(`${JSON.stringify(answer)}\n`);
}
