// The test of voice between this browser and this server: its offer, its result, and the result's way to the administrators.
import { can } from "../../../core/authorization/actor.ts";
import { BadInput } from "../../../core/lib/errors.ts";
import { newId } from "../../../core/lib/id.ts";
import { hostText } from "../../../core/lib/ip-address.ts";
import { turnCredentialMs } from "../../../core/lib/limits.ts";
import { cleanRemoteText } from "../../../core/lib/remote-text.ts";
import { measuredByBrowser, type NetworkTest } from "../../../core/telephony/network-test.ts";
import { readsNetworkTests, sealedTest, sendNetworkTest, sentNetworkTests } from "../../../core/telephony/network-test-commands.ts";
import type { WebContext } from "../../context.ts";
import { ownForm } from "../../middleware/security.ts";
import type { WebPorts } from "../../ports.ts";
import { type PageRoute, page } from "../../route.ts";
import { t } from "../../ui/text.ts";
import { render } from "../render.tsx";
import { answerOffer } from "./answer.ts";
import { NetworkTestPage, Result } from "./views.tsx";

const help = "network-test";
const permission = "signed-in";

export const networkTestRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/network-test", permission, help }, async (c, ports) => {
    const { app } = ports;
    const { actor } = c.var;
    const isReader = can(actor, readsNetworkTests);
    const [sent, people] = isReader
      ? await Promise.all([sentNetworkTests(app, actor), app.stores.users.all(app.organizationId)])
      : [null, []];
    const names = new Map(people.map(({ id, name }) => [id as string, name]));
    const view = <NetworkTestPage {...{ actor, sent, names }} csrf={c.var.csrf} wasSent={c.req.query("sent") === "true"} />;
    return render(c, ports, { title: t("Network test"), help }, view);
  }),

  // Softphone and test ask for it, so that no page holds a credential.
  page({ method: "GET", path: "/network-test/ice-servers", permission, help }, async (c, ports) => {
    c.header("Cache-Control", "no-store");
    return c.json({ iceServers: ports.iceServers(c.var.user.id), goodMs: turnCredentialMs });
  }),

  page({ method: "POST", path: "/network-test/voice", permission, help }, async (c, ports) =>
    answerOffer(c, ports, await ownForm(c, ports), holderOf(c)),
  ),

  page({ method: "POST", path: "/network-test/result", permission, help }, async (c, ports) => {
    const form = await ownForm(c, ports);
    const test = await resultOf(c, ports, form);
    const sealed = sealedTest(ports.app, c.var.actor, test);
    return c.html(<Result test={test} sealed={sealed} name={c.var.actor.name} csrf={c.var.csrf} />);
  }),

  // Voice towards a page that has hung up would go to a closed port, fifty times a second.
  page({ method: "POST", path: "/network-test/cancel", permission, help }, async (c, ports) => {
    await ownForm(c, ports);
    ports.voiceCheck.cancel(holderOf(c));
    return c.body(null, 204);
  }),

  page({ method: "POST", path: "/network-test/send", permission, help }, async (c, ports) => {
    const form = await ownForm(c, ports);
    await sendNetworkTest(ports.app, c.var.actor, String(form.get("result") ?? ""));
    return c.redirect("/network-test?sent=true", 303);
  }),
];

/** One test at a time for a session: a newer one ends the older. */
function holderOf(c: WebContext): string {
  return `session ${c.var.session.tokenHash}`;
}

/** @throws BadInput when the page's figures are none */
async function resultOf(c: WebContext, ports: WebPorts, form: FormData): Promise<NetworkTest> {
  const { app, voiceCheck, node } = ports;
  const measured = measuredByBrowser.safeParse(json(String(form.get("measured") ?? "")));
  if (!measured.success) {
    const { path, message } = measured.error.issues[0]!;
    throw new BadInput(`These are no figures of a test: ${path.join(".")}: ${message}.`, "measured");
  }
  const checkId = String(form.get("checkId") ?? "");
  const voice = checkId === "" ? null : await voiceCheck.finish(checkId, holderOf(c), measured.data.heard);
  const { media, mediaPorts } = node.addresses();
  const [port = ""] = mediaPorts;
  return {
    ...{ id: newId(app.env), at: app.env.clock.now(), measured: measured.data, voice },
    browserAddress: c.env.remoteAddress,
    browser: cleanRemoteText(c.req.header("user-agent") ?? ""),
    offered: voice?.offered ?? media.map((address) => `${hostText(address)}:${port}`),
  };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadInput("The figures of the test are no JSON.", "measured");
  }
}
