// Tests for the bodies of NOTIFY.
import { expect, test } from "bun:test";
import { type LineDialog, watchedBody } from "./watched.ts";

const text = (...args: Parameters<typeof watchedBody>): string => Buffer.from(watchedBody(...args)).toString();

test("a line's calls are XML that no name breaks out of", () => {
  const dialog: LineDialog = {
    id: "d",
    direction: "recipient",
    state: "early",
    party: { number: '+44 1"', name: "<A> & 'B'" },
    mayBeTaken: false,
  };
  expect(text(null, { package: "dialog", entity: "sip:201@pbx", dialogs: [dialog] }, 7)).toBe(
    '<?xml version="1.0"?>\n<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="7" state="full" entity="sip:201@pbx">\n' +
      '<dialog id="d" direction="recipient"><state>early</state><remote><identity display="&#60;A&#62; &#38; &#39;B&#39;">sip:%2B44%201%22@pbx</identity></remote></dialog>\n</dialog-info>\n',
  );
});

test("who withholds their number is anonymous, and whom the watcher may not see is not there", () => {
  const dialog: LineDialog = { id: "d", direction: "initiator", state: "confirmed", party: { number: "", name: "" }, mayBeTaken: false };
  const told = (party: LineDialog["party"]): string =>
    text(null, { package: "dialog", entity: "sip:201@pbx", dialogs: [{ ...dialog, party }] }, 0);
  expect(told(dialog.party)).toContain("<identity>sip:anonymous@anonymous.invalid</identity>");
  expect(told(null)).not.toContain("remote");
});

test("messages that wait are counted, RFC 3842", () => {
  const told = (fresh: number): string => text(null, { package: "message-summary", account: "sip:201@pbx", fresh, heard: 2 }, 0);
  expect(told(0)).toBe("Messages-Waiting: no\r\nMessage-Account: sip:201@pbx\r\nVoice-Message: 0/2 (0/0)\r\n");
  expect(told(3)).toStartWith("Messages-Waiting: yes\r\n");
});

test("a call that may be taken says how: its id as Call-ID, and tags that are no dialog's", () => {
  const dialog: LineDialog = { id: "d", direction: "recipient", state: "early", party: null, mayBeTaken: true };
  expect(text(null, { package: "dialog", entity: "sip:201@pbx", dialogs: [dialog] }, 0)).toContain(
    '<dialog id="d" call-id="d" local-tag="d.local" remote-tag="d.remote" direction="recipient">',
  );
});
