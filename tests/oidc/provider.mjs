// An OpenID provider of somebody else's making on loopback, `oidc-provider`, for tests:
// `provider.mjs PACKAGES`. Its first line of output is the address it listens at; its issuer is
// `http://` and that address.
//
// `GET /control?redirect_uri=…&sub=…&email=…&groups=a,b&in_token=1` makes it anew, with new keys: for
// one client that is sent back there, and with one person who is signed in without being asked.
// With `in_token` what is known of them stands in the ID token, else it has to be asked for.
// With `resource` the client `agent` gets tokens (JWT) for that resource by itself, with the scope
// `tools:call` where it asks for it.

import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const [packages] = process.argv.slice(2);
const library = `${packages}/node_modules/oidc-provider/lib/index.js`;
// Standard output is for the address; what the library has to say goes elsewhere.
console.log = console.info = console.warn = console.error;
const { Provider } = await import(pathToFileURL(library));

let provider;
let person;

function make(issuer, wanted) {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig" };
  const groups = wanted.get("groups").split(",").filter(Boolean);
  person = { sub: wanted.get("sub"), email: wanted.get("email"), groups };
  const scopes = "openid email profile groups";
  const clients = [];
  const features = { devInteractions: { enabled: false } };
  const resource = wanted.get("resource");
  if (resource) {
    clients.push({
      client_id: "agent",
      client_secret: "the secret of an agent",
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    });
    features.clientCredentials = { enabled: true };
    features.resourceIndicators = {
      enabled: true,
      getResourceServerInfo: (_context, asked) => ({
        scope: "tools:call",
        audience: asked,
        accessTokenFormat: "jwt",
      }),
    };
  }
  return new Provider(issuer, {
    clients: [
      {
        client_id: "architrave",
        client_secret: "the secret of the test: & more",
        redirect_uris: [wanted.get("redirect_uri")],
      },
      ...clients,
    ],
    jwks: { keys: [key] },
    cookies: { keys: ["of the test"] },
    scopes: scopes.split(" "),
    claims: {
      openid: ["sub"],
      email: ["email", "email_verified"],
      profile: ["name"],
      groups: ["groups"],
    },
    conformIdTokenClaims: !wanted.has("in_token"),
    pkce: { required: () => true },
    features,
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ ...person, sub: id, email_verified: true, name: "Grace Hopper" }),
    }),
    async loadExistingGrant(context) {
      const { client, session, provider } = context.oidc;
      const ids = { clientId: client.clientId, accountId: session.accountId };
      const grant = new provider.Grant(ids);
      grant.addOIDCScope(scopes);
      await grant.save();
      return grant;
    },
  });
}

const server = createServer(async (request, response) => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const url = new URL(request.url, issuer);
  try {
    if (url.pathname === "/control") {
      provider = make(issuer, url.searchParams);
      response.writeHead(204).end();
    } else if (url.pathname.startsWith("/interaction/")) {
      const login = { accountId: person.sub };
      await provider.interactionFinished(request, response, { login });
    } else {
      await provider.callback()(request, response);
    }
  } catch (error) {
    console.error(error);
    response.writeHead(500).end(String(error));
  }
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`127.0.0.1:${server.address().port}\n`);
});
