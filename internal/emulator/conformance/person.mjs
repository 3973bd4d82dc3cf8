// A person at the sign-in pages: reads each page, fills in its form, presses a button.
import assert from "node:assert/strict";

// signIn opens an authorize page and returns the address at which the sign-in ends, without visiting it.
export async function signIn(address, user, redirectURI) {
  const end = await visit(address, user, (to) => to.startsWith(redirectURI));
  assert.ok(end, `the sign-in did not end at ${redirectURI}`);
  return new URL(end);
}

// approve types a device's code and signs in.
export async function approve(address, userCode, user) {
  await visit(address, { ...user, userCode }, () => false);
}

async function visit(address, user, isEnd) {
  let request = [address, {}];
  for (let page = 0; page < 12; page++) {
    const reply = await fetch(request[0], { ...request[1], redirect: "manual" });
    const html = await reply.text();
    const next = reply.headers.get("location");
    if (next) {
      const to = new URL(next, request[0]).href;
      if (isEnd(to)) return to;
      request = [to, {}];
      continue;
    }
    assert.equal(reply.status, 200, html);
    const form = /<form method="post" action="([^"]*)"/.exec(html);
    if (!form) return undefined;
    request = [new URL(text(form[1]), request[0]).href, { method: "POST", body: fill(html, user) }];
  }
  throw new Error("the sign-in asks for more than 12 pages");
}

function fill(html, user) {
  const known = { username: user.username, "current-password": user.password, "one-time-code": user.second_factor, off: user.userCode };
  const fields = new URLSearchParams();
  for (const [tag] of html.matchAll(/<input [^>]*>/g)) {
    if (attribute(tag, "type") === "checkbox") continue;
    const hint = attribute(tag, "autocomplete");
    fields.set(attribute(tag, "name"), hint === undefined ? attribute(tag, "value") : known[hint]);
  }
  const button = /<button name="action"[^>]*>/.exec(html);
  if (button) fields.set("action", attribute(button[0], "value"));
  return fields;
}

function attribute(tag, name) {
  const found = new RegExp(` ${name}="([^"]*)"`).exec(tag);
  return found ? text(found[1]) : undefined;
}

const text = (s) => s.replaceAll("&#43;", "+").replaceAll("&#39;", "'").replaceAll("&#34;", '"').replaceAll("&amp;", "&");
