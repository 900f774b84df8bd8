import assert from "node:assert/strict";
import { test } from "node:test";
import { type CredentialSource, findCredential, MALFORMED, withoutCredentials } from "../../src/credentials.ts";
import { UpgradeRequest } from "../../src/upgrade_request.ts";
import { takesLinearTime } from "./timing.ts";

const context = {
  req: { raw: new Request("http://x"), param: () => ({}) },
  env: {},
  header: () => {},
  body: () => new Response(null),
  get: () => undefined,
};

function find(sources: readonly CredentialSource[], headers: Record<string, string>, url = "http://x/"): unknown {
  const raw = new Request(url, { headers });
  const found = findCredential(sources, new UpgradeRequest(raw, context, {}), (name) => raw.headers.get(name));
  return typeof found === "object" ? `${found.scheme} ${found.value}` : found;
}

const authorizations: readonly [string, unknown][] = [
  ["Bearer abc", "bearer abc"],
  ["BASIC YTpi==", "basic YTpi=="],
  ["bearer a.b-c_d~e+f/g", "bearer a.b-c_d~e+f/g"],
  ["Bearer", MALFORMED],
  ["Bearer  abc", MALFORMED],
  ["Bearer abc def", MALFORMED],
  ["Bearer abc,def", MALFORMED],
  ["Bearer é", MALFORMED],
  ["Bearer =abc", MALFORMED],
  ['Digest username="a"', "digest "],
  ["Negotiate", "negotiate "],
  ["a/b c", MALFORMED],
];
for (const [header, expected] of authorizations) {
  test(`findCredential() reads ${JSON.stringify(header)} as ${String(expected)}`, () => {
    assert.equal(find(["header"], { authorization: header }), expected);
  });
}

test("findCredential() looks only where it may, in the order of the sources", () => {
  const headers = { authorization: "Bearer a", cookie: "s=c", "sec-websocket-protocol": "bearer, p, chat" };
  const url = "http://x/?t=q";
  assert.equal(find(["header"], headers, url), "bearer a");
  assert.equal(find([{ cookie: "s" }], headers, url), "bearer c");
  assert.equal(find([{ query: "t" }], headers, url), "bearer q");
  assert.equal(find([{ subProtocol: "bearer" }], headers, url), "bearer p");
  assert.equal(find([{ query: "none" }, { cookie: "none" }, { subProtocol: "none" }], headers, url), undefined);
  assert.equal(find([{ query: "none" }, { cookie: "s" }, "header"], headers, url), "bearer c");
  assert.equal(find([{ cookie: "s" }, "header"], { cookie: "s=", authorization: "Bearer a" }), "bearer a");
});

test("findCredential() takes a credential that comes twice for none that can be read", () => {
  assert.equal(find([{ query: "t" }], {}, "http://x/?t=a&t=a"), MALFORMED);
  assert.equal(find([{ subProtocol: "bearer" }], { "sec-websocket-protocol": "bearer" }), MALFORMED);
});

test("withoutCredentials() takes out the name and the token behind it, whatever the token is called", () => {
  const sources: readonly CredentialSource[] = ["header", { subProtocol: "bearer" }];
  assert.deepEqual(withoutCredentials(sources, ["bearer", "chat", "v2"]), ["v2"]);
  assert.deepEqual(withoutCredentials(sources, ["v1", "bearer", "t"]), ["v1"]);
  assert.deepEqual(withoutCredentials(sources, ["v1"]), ["v1"]);
  assert.deepEqual(withoutCredentials(["header"], ["bearer", "t"]), ["bearer", "t"]);
});

test("C13 the reading of a credential takes time in proportion to its length", async () => {
  const read = (size: number): void => {
    const texts = [
      "b".repeat(size),
      `Bearer ${"=".repeat(size)}`,
      `Bearer ${"a".repeat(size)} `,
      `${" ".repeat(size)}`,
    ];
    for (const text of texts) {
      find(["header", { subProtocol: "b" }], {
        authorization: text.trim() || "x",
        "sec-websocket-protocol": "a,".repeat(size / 2),
      });
    }
  };
  await takesLinearTime(() => read(65_536));
});
