// Packet capture: begun with a reason, for a time, ended, and taken as a file that tcpdump and Wireshark read.
import { AppError } from "../../../core/lib/errors.ts";
import { type CaptureInput, captureInput } from "../../../core/telephony/capture.ts";
import type { WebContext } from "../../context.ts";
import { ownForm } from "../../middleware/security.ts";
import type { WebPorts } from "../../ports.ts";
import { readable } from "../../readable.ts";
import { type PageRoute, page } from "../../route.ts";
import { t } from "../../ui/text.ts";
import { render } from "../render.tsx";
import { CapturePage, type CaptureValues } from "./views.tsx";

const help = "capture";
const permission = "telephony:pcap:view";
const initial: CaptureValues = {
  reason: "",
  minutes: "30",
  keepMinutes: "10",
  trunkId: "",
  stationId: "",
  conversationId: "",
  withVoice: false,
};

export const captureRoutes: readonly PageRoute[] = [
  page({ method: "GET", path: "/admin/capture", permission, help }, async (c, ports) => {
    const conversationId = c.req.query("conversation") ?? "";
    return show(c, ports, { ...initial, conversationId }, {});
  }),

  page({ method: "POST", path: "/admin/capture", permission: "telephony:pcap:add", help }, async (c, ports) => {
    const form = await ownForm(c, ports);
    const values = valuesOf(form);
    const parsed = captureInput.safeParse(inputOf(values));
    if (!parsed.success) {
      const errors = Object.fromEntries(parsed.error.issues.map(({ path, message }) => [String(path[0]), message]).reverse());
      return show(c, ports, values, errors);
    }
    try {
      await ports.captures.start(c.var.actor, parsed.data);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return show(c, ports, values, { withVoice: error.message }, error.status);
    }
    return c.redirect("/admin/capture", 303);
  }),

  page({ method: "POST", path: "/admin/capture/stop", permission: "telephony:pcap:add", help }, async (c, ports) => {
    await ownForm(c, ports);
    await ports.captures.stop(c.var.actor);
    return c.redirect("/admin/capture", 303);
  }),

  page({ method: "GET", path: "/admin/capture/packets.pcap", permission, help }, async (c, ports) => {
    const { name, file } = await ports.captures.download(c.var.actor);
    return new Response(readable(file), {
      headers: { "content-type": "application/vnd.tcpdump.pcap", "content-disposition": `attachment; filename="${name}"` },
    });
  }),
];

async function show(c: WebContext, ports: WebPorts, values: CaptureValues, errors: Readonly<Record<string, string>>, status = 422) {
  const { stores, organizationId } = ports.app;
  const [trunks, stations, users] = await Promise.all([
    stores.trunks.all(organizationId),
    stores.stations.all(organizationId),
    stores.users.all(organizationId),
  ]);
  const { actor, csrf } = c.var;
  const { last, status: kept } = ports.captures;
  const view = <CapturePage {...{ actor, csrf, values, errors, trunks, stations, users, last, kept }} />;
  const code = Object.keys(errors).length === 0 ? 200 : status;
  return render(c, ports, { title: t("Packet capture"), help, status: code }, view);
}

function valuesOf(form: FormData): CaptureValues {
  const given = (name: string): string => String(form.get(name) ?? "").trim();
  return {
    ...{ reason: given("reason"), minutes: given("minutes"), keepMinutes: given("keepMinutes") },
    ...{ trunkId: given("trunkId"), stationId: given("stationId"), conversationId: given("conversationId") },
    withVoice: given("withVoice") === "true",
  };
}

function inputOf(values: CaptureValues): Record<keyof CaptureInput, unknown> {
  const orNull = (text: string): string | null => (text === "" ? null : text);
  return {
    ...values,
    ...{ minutes: Number(values.minutes), keepMinutes: Number(values.keepMinutes) },
    ...{ trunkId: orNull(values.trunkId), stationId: orNull(values.stationId), conversationId: orNull(values.conversationId) },
  };
}
