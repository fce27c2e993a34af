// Admin pages of telephony: phones, trunks, numbers, IVRs and the flows they lead to.
import { type FlowSettings, flowKind, type IvrSettings, ivrKind } from "../../../core/architect/kinds.ts";
import { type Prompt, type PromptSettings, promptKind } from "../../../core/architect/prompt.ts";
import { clockDuration } from "../../../core/lib/calendar.ts";
import { mediaEncryptions } from "../../../core/lib/media-encryption.ts";
import { createPhone } from "../../../core/telephony/commands.ts";
import {
  type ConferenceRoomSettings,
  conferenceRoomKind,
  type DidPoolSettings,
  didPoolKind,
  type StationSettings,
  stationKind,
  type TrunkSettings,
  trunkKind,
} from "../../../core/telephony/kinds.ts";
import { numberFormats } from "../../../core/telephony/number-plan.ts";
import type { ConferenceRoom, DidPool, FlowRecord, Ivr, Station, Trunk } from "../../../core/telephony/telephony.ts";
import { callerIdHeaders, callerIdPresentations, trunkCodecs, trunkTransports } from "../../../core/telephony/telephony.ts";
import { trunkTemplates } from "../../../core/telephony/trunk-template.ts";
import { t } from "../../ui/text.ts";
import { type ObjectPage, options } from "../objects/object-page.ts";
import { aboutTemplate } from "../trunks/template-words.ts";
import { TrunkLineOf } from "../trunks/views.tsx";
import { peopleNames, peopleOptions, siteOptions, words } from "./words.ts";

export const stationPage: ObjectPage<Station, StationSettings> = {
  kind: stationKind,
  path: "/admin/stations",
  help: "stations",
  icon: "phone",
  title: "Stations and phones",
  newLabel: "New phone",
  purpose: "Where people are rung: their browser, or a SIP phone on the desk.",
  groups: [
    {
      title: "Station",
      fields: [
        { name: "name", label: "Name", control: { kind: "text" } },
        { name: "userId", label: "Person", control: { kind: "choice", none: "Nobody", options: peopleOptions } },
        { name: "siteId", label: "Site", control: { kind: "choice", none: "The organisation's first", options: siteOptions } },
        { name: "location", label: "Floor and room", help: "Where help is sent within the site's address.", control: { kind: "text" } },
        {
          name: "civic",
          label: "Where it stands",
          help: "Only where that is not at its site: a phone at somebody's home.",
          control: { kind: "civic" },
        },
        {
          name: "address",
          label: "Fixed address",
          help: "For a phone that does not register: where it always is, as 192.0.2.20 or 192.0.2.20:5062, by UDP.",
          control: { kind: "text" },
        },
        {
          name: "mediaEncryption",
          label: "Voice encryption",
          help: "Of a SIP phone: SRTP, with keys in the signalling (SDES). Let the phone register by TLS, or the keys can be read on the way. Browsers are always encrypted.",
          control: { kind: "choice", options: options(mediaEncryptions, words) },
        },
        {
          name: "forwarding",
          label: "When the phone sends a call on",
          help: "By its own forwarding (302). To numbers outside only with its person's rights to dial, and in their limits. Calls of a queue never are.",
          control: {
            kind: "choice",
            options: async () => [
              { value: "refuse", label: t("It is not followed") },
              { value: "inside", label: t("It is followed to people and extensions") },
              { value: "outside", label: t("It is followed to numbers outside, too") },
            ],
          },
        },
      ],
    },
  ],
  initial: { forwarding: "inside", mediaEncryption: "disabled" },
  columns: [
    { label: "Kind", cell: (station) => t(words[station.kind]!) },
    { label: "User name", cell: (station) => (station.kind === "phone" ? station.username : "–") },
    { label: "Person", cell: (station, names) => (station.userId === null ? "–" : (names.get(station.userId) ?? "–")) },
  ],
  names: peopleNames,
  keeps: (station) => station.kind === "browser",
  create: async (c, ports, settings) => {
    const { station, secret } = await createPhone(ports.app, c.var.actor, settings, ports.newPhoneSecret);
    return {
      row: station,
      told: [
        { label: "User name", value: station.username },
        { label: "Secret", value: secret },
      ],
    };
  },
  facts: async (_c, ports, station) => (
    <p class="quiet">
      {station.address !== ""
        ? t("Calls go to its fixed address; it need not register.")
        : ports.isRegistered(station.id)
          ? t("A device is registered here now.")
          : t("No device is registered here at the moment.")}
    </p>
  ),
};

const templateOptions = [{ value: "", label: "–" }, ...trunkTemplates.map(({ id, name }) => ({ value: id, label: name }))];

export const trunkPage: ObjectPage<Trunk, TrunkSettings> = {
  kind: trunkKind,
  path: "/admin/trunks",
  help: "trunks",
  icon: "split",
  title: "Trunks",
  newLabel: "New trunk",
  purpose: "Carriers and PBXs: who may call in, known by the addresses they send from, and by whom calls leave.",
  groups: [
    {
      title: "Trunk",
      fields: [
        { name: "name", label: "Name", control: { kind: "text" } },
        { name: "template", label: "Template", control: { kind: "kept", options: templateOptions } },
        {
          name: "addresses",
          label: "Addresses",
          help: "One literal address a line, besides those of the next hops. Whoever sends from elsewhere is a stranger and learns nothing.",
          control: { kind: "lines", mono: true },
        },
      ],
    },
    {
      title: "Account",
      about: "Where the carrier has given you one. Its password is set on the page Connection.",
      fields: [
        {
          name: "username",
          label: "User name",
          help: "What stands before the @. Empty: the carrier knows us by our address.",
          control: { kind: "text", mono: true },
        },
        { name: "domain", label: "Domain", help: "Empty: the first next hop.", control: { kind: "text", mono: true } },
        {
          name: "registers",
          label: "Registration",
          help: "On: we tell the carrier where we are, and calls come in from there.",
          control: { kind: "choice", options: options(["true", "false"], words) },
        },
      ],
    },
    {
      title: "The carrier's certificate",
      about: "With the transport TLS. Our own certificate is set on the page Connection.",
      fields: [
        {
          name: "demandsCertificate",
          label: "Must be shown to us",
          help: "On: whoever sends from its addresses is taken for it only by TLS and with its certificate. Everybody else is refused, and the page Connection says why.",
          control: { kind: "choice", options: options(["true", "false"], words) },
        },
        {
          name: "peerIssuers",
          label: "Issuers",
          help: "PEM; intermediate ones, too. Next hops must have a certificate of theirs then. Empty: of whomever this machine trusts.",
          control: { kind: "pem" },
        },
        {
          name: "peerNames",
          label: "Names",
          help: "One name or SHA-256 fingerprint a line that a certificate shown to us may have. Empty: any of its issuers.",
          control: { kind: "lines", mono: true },
        },
      ],
    },
    {
      title: "Calls outside",
      about: "Without a next hop calls only come in.",
      fields: [
        {
          name: "proxies",
          label: "Next hops",
          help: "One a line, in order of preference: a name or an address, with or without a port.",
          control: { kind: "lines", mono: true },
        },
        { name: "transport", label: "Transport", control: { kind: "choice", options: options(trunkTransports, words) } },
        {
          name: "mediaEncryption",
          label: "Voice encryption",
          help: "SRTP, with keys in the signalling (SDES), in both directions. It protects only where the transport is TLS.",
          control: { kind: "choice", options: options(mediaEncryptions, words) },
        },
        {
          name: "heartbeat",
          label: "Heartbeat",
          help: "Next hops are asked by OPTIONS every half minute whether they live; calls pass over those that do not answer.",
          control: { kind: "choice", options: options(["true", "false"], words) },
        },
        { name: "numberFormat", label: "Numbers are sent as", control: { kind: "choice", options: options(numberFormats, words) } },
        {
          name: "incomingFormat",
          label: "Numbers come as",
          help: "Who calls and who is called, as the carrier tells them. National: of the first site's country.",
          control: { kind: "choice", options: options(numberFormats, words) },
        },
        {
          name: "callerIdHeader",
          label: "Number shown in",
          help: "Where the carrier reads who calls. From says it always.",
          control: { kind: "choice", options: options(callerIdHeaders, words) },
        },
        {
          name: "callerIdPresentation",
          label: "Number shown",
          control: { kind: "choice", options: options(callerIdPresentations, words) },
        },
        {
          name: "callerId",
          label: "The trunk's number",
          help: "With + and country code. Empty: the site's.",
          control: { kind: "text", type: "tel", mono: true, mayBeEmpty: true },
        },
        {
          name: "codecs",
          label: "Codecs",
          help: "What is offered and taken, best first.",
          control: { kind: "ranked", options: options(trunkCodecs, words), places: 3 },
        },
        {
          name: "sessionTimers",
          label: "Session timers",
          help: "On: our calls ask for a sign of life now and then (RFC 4028), so that one whose end got lost ends by itself.",
          control: { kind: "choice", options: options(["true", "false"], words) },
        },
        {
          name: "channelsMax",
          label: "Calls at once",
          help: "In both directions together, as many as the carrier gives. A call for help is refused by no limit: where all are taken, it ends another call. Empty: no limit of the trunk's own.",
          control: { kind: "text", mono: true, mayBeEmpty: true },
        },
      ],
    },
    {
      title: "A call that is sent elsewhere",
      about: "By the carrier, with a 3xx; and what it is told of calls that were forwarded here.",
      fields: [
        {
          name: "redirects",
          label: "When the carrier sends a call on",
          help: "Followed only within the carrier's own domain, by this trunk, with the rights and limits of whoever dialled. Else the next trunk is tried.",
          control: {
            kind: "choice",
            options: async () => [
              { value: "refuse", label: t("It is not followed") },
              { value: "follow", label: t("It is followed") },
            ],
          },
        },
        {
          name: "redirectsMax",
          label: "How often at most",
          help: "One to five times for one call.",
          control: { kind: "text", mono: true },
        },
        {
          name: "diversion",
          label: "Forwarded calls are told by",
          help: "Then the caller's own number is shown, and the carrier learns who has forwarded the call. Else a number of yours is shown.",
          control: {
            kind: "choice",
            options: async () => [
              { value: "none", label: t("Nothing") },
              { value: "Diversion", label: "Diversion (RFC 5806)" },
              { value: "History-Info", label: "History-Info (RFC 7044)" },
            ],
          },
        },
        {
          name: "geolocation",
          label: "Calls for help say where",
          help: "In the call itself (RFC 6442), from the address in its parts. Only where the carrier asks for it: some refuse what they do not know.",
          control: {
            kind: "choice",
            options: async () => [
              { value: "none", label: t("No") },
              { value: "pidf-lo", label: t("By an address in the call (PIDF-LO)") },
            ],
          },
        },
      ],
    },
    {
      title: "Another PBX",
      about: "For a tie line: people dial each other's extensions as if they were on one PBX. Without ranges it is a carrier.",
      fields: [
        {
          name: "extensionRanges",
          label: "Extensions there",
          help: "One extension or range a line, like 300-399. Whoever calls in from one of them is believed to be its owner: name only a PBX that you run.",
          control: { kind: "ranges" },
        },
        {
          name: "extensionsFirst",
          label: "Asked first",
          help: "For an extension that somebody has here, too. Where it is not found, the other side is called.",
          control: {
            kind: "choice",
            options: async () => [
              { value: "here", label: t("This server") },
              { value: "there", label: t("The other PBX") },
            ],
          },
        },
      ],
    },
  ],
  initial: { demandsCertificate: false, extensionRanges: [], extensionsFirst: "here", callerIdPresentation: "user", redirectsMax: 2 },
  templates: { field: "template", all: trunkTemplates, about: aboutTemplate },
  tabs: [
    { at: "connection", label: "Connection" },
    { at: "test-call", label: "Test call" },
  ],
  columns: [
    { label: "Addresses", cell: (trunk) => trunk.addresses.join(", ") || t("of its next hops") },
    { label: "Next hops", cell: (trunk) => trunk.proxies.join(", ") || t("calls only come in") },
    { label: "Account", cell: (trunk) => trunk.username || "–" },
  ],
  actions: (_c, _ports, { id, proxies }) =>
    proxies.length === 0 ? null : (
      <a class="button" href={`/admin/trunks/${id}/test-call`}>
        {t("Test call")}
      </a>
    ),
  facts: async (_c, ports, trunk) => <TrunkLineOf state={ports.trunks.state(trunk.id)} />,
};

export const conferenceRoomPage: ObjectPage<ConferenceRoom, ConferenceRoomSettings> = {
  kind: conferenceRoomKind,
  path: "/admin/conference-rooms",
  help: "conference-rooms",
  icon: "users",
  title: "Conference rooms",
  newLabel: "New room",
  purpose: "Numbers under which people meet: whoever dials one hears everybody who has.",
  groups: [
    {
      title: "Room",
      fields: [
        { name: "name", label: "Name", control: { kind: "text" } },
        {
          name: "number",
          label: "Number",
          help: "An extension like 800, a name as in sip:board@…, or one of your numbers in E.164, like +441632960100.",
          control: { kind: "text", mono: true },
        },
        {
          name: "callers",
          label: "Who may come in",
          help: "Whoever calls from outside dials one of your numbers, and nobody asks who they are.",
          control: {
            kind: "choice",
            options: async () => [
              { value: "people", label: t("People here") },
              { value: "everybody", label: t("Everybody who dials the number") },
            ],
          },
        },
        {
          name: "participantsMax",
          label: "At once",
          help: "Whoever is one too many hears that the room is busy. At most 100.",
          control: { kind: "text", mono: true },
        },
      ],
    },
  ],
  initial: { callers: "people", participantsMax: 20 },
  columns: [
    { label: "Number", cell: (room) => room.number },
    { label: "Who may come in", cell: (room) => (room.callers === "people" ? t("People here") : t("Everybody who dials the number")) },
    { label: "At once", numeric: true, cell: (room) => String(room.participantsMax) },
  ],
};

export const didPoolPage: ObjectPage<DidPool, DidPoolSettings> = {
  kind: didPoolKind,
  path: "/admin/did-pools",
  help: "numbers",
  icon: "hash",
  title: "DID pools",
  newLabel: "New pool",
  purpose: "The numbers that your carrier has given you.",
  groups: [
    {
      title: "Pool",
      fields: [
        { name: "name", label: "Name", control: { kind: "text" } },
        { name: "startPhoneNumber", label: "First number", control: { kind: "text", type: "tel", mono: true } },
        { name: "endPhoneNumber", label: "Last number", control: { kind: "text", type: "tel", mono: true } },
      ],
    },
  ],
  columns: [
    { label: "First number", cell: (pool) => pool.startPhoneNumber },
    { label: "Last number", cell: (pool) => pool.endPhoneNumber },
    { label: "Numbers", numeric: true, cell: (pool) => String(Number(pool.endPhoneNumber) - Number(pool.startPhoneNumber) + 1) },
  ],
};

export const ivrPage: ObjectPage<Ivr, IvrSettings> = {
  kind: ivrKind,
  path: "/admin/ivrs",
  help: "numbers",
  icon: "phone-incoming",
  title: "IVRs",
  newLabel: "New IVR",
  purpose: "Which flow answers which number.",
  groups: [
    {
      title: "IVR",
      fields: [
        { name: "name", label: "Name", control: { kind: "text" } },
        {
          name: "flowId",
          label: "Flow",
          control: {
            kind: "choice",
            options: async (app) =>
              (await app.stores.flows.all(app.organizationId))
                .filter((flow) => flow.type === "INBOUNDCALL")
                .map(({ id, name }) => ({ value: id, label: name })),
          },
        },
        {
          name: "dnis",
          label: "Numbers",
          help: "One a line, as dialled or in E.164. A number that does not begin with + can be a short one, like 100.",
          control: { kind: "lines", mono: true },
        },
      ],
    },
  ],
  columns: [
    { label: "Numbers", cell: (ivr) => ivr.dnis.join(", ") },
    { label: "Flow", cell: (ivr, names) => names.get(ivr.flowId) ?? "–" },
  ],
  names: async (app) => new Map((await app.stores.flows.all(app.organizationId)).map((flow) => [flow.id as string, flow.name])),
};

export const promptPage: ObjectPage<Prompt, PromptSettings> = {
  kind: promptKind,
  path: "/admin/prompts",
  help: "prompts",
  icon: "audio-lines",
  title: "Prompts",
  newLabel: "New prompt",
  purpose: "What flows say, in your own voice.",
  next: { about: "It has no sound yet.", label: "Record or upload it", href: ({ id }) => `/admin/prompts/${id}/sound` },
  groups: [
    {
      title: "Prompt",
      about: "Flows play it by its name.",
      fields: [
        { name: "name", label: "Name", control: { kind: "text" } },
        { name: "description", label: "What is said", control: { kind: "text" } },
      ],
    },
  ],
  columns: [
    { label: "What is said", cell: (prompt) => prompt.description },
    { label: "Lasts", numeric: true, cell: (prompt) => (prompt.audioMs === null ? t("no sound yet") : clockDuration(prompt.audioMs)) },
  ],
  tabs: [{ at: "sound", label: "Sound" }],
};

export const flowPage: ObjectPage<FlowRecord, FlowSettings> = {
  kind: flowKind,
  path: "/admin/flows",
  help: "flows",
  icon: "workflow",
  title: "Flows",
  newLabel: "New flow",
  purpose: "What a caller hears and is asked, and where each answer leads.",
  tabs: [{ at: "steps", label: "Steps" }],
  groups: [
    {
      title: "Flow",
      about: "Name, type and actions are the document's own.",
      fields: [{ name: "document", label: "Document", control: { kind: "document" } }],
    },
  ],
  columns: [
    { label: "Type", cell: (flow) => t(words[flow.type]!) },
    { label: "Version", numeric: true, cell: (flow) => String(flow.version) },
    {
      label: "Actions",
      numeric: true,
      cell: (flow) => String(Object.keys((flow.document as { readonly actions?: object }).actions ?? {}).length),
    },
  ],
  complete: (values) => {
    const { name, type } = (values.document ?? {}) as { readonly name?: unknown; readonly type?: unknown };
    return { ...values, name: name ?? "", type };
  },
  initial: {
    document: {
      name: "New flow",
      type: "INBOUNDCALL",
      start: "welcome",
      actions: {
        welcome: { type: "playAudio", name: "Welcome", audio: ["system.welcome"], outputs: { next: "goodbye" } },
        goodbye: { type: "disconnect", name: "Goodbye" },
      },
    },
  },
};
