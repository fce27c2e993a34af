// Admin pages of calls outside: places, what numbers mean there, and by which trunks they leave.
import type { App } from "../../../core/app.ts";
import { countries } from "../../../core/directory/organization.ts";
import { civicText } from "../../../core/telephony/civic-address.ts";
import {
  type NumberPlanSettings,
  numberPlanKind,
  type OutboundRouteSettings,
  outboundRouteKind,
  type SiteSettings,
  siteKind,
} from "../../../core/telephony/kinds.ts";
import { classifications, matchTypes } from "../../../core/telephony/number-plan.ts";
import { distributions, type NumberPlan, type OutboundRoute, type Site } from "../../../core/telephony/telephony.ts";
import { language, t } from "../../ui/text.ts";
import { type ObjectPage, type Option, options } from "../objects/object-page.ts";
import { classificationOptions, outboundTrunkOptions, peopleOptions, siteOptions, words } from "./words.ts";

const countryOptions = async (): Promise<readonly Option[]> =>
  countries(language().tag).map(({ code, name }) => ({ value: code, label: name }));
const siteNames = async (app: App): Promise<ReadonlyMap<string, string>> =>
  new Map((await app.stores.sites.all(app.organizationId)).map(({ id, name }) => [id as string, name]));
const siteField = { name: "siteId", label: "Site", control: { kind: "choice", options: siteOptions } } as const;

export const sitePage: ObjectPage<Site, SiteSettings> = {
  kind: siteKind,
  path: "/admin/sites",
  help: "outside",
  icon: "building",
  title: "Sites",
  newLabel: "New site",
  purpose: "Places with a dial plan of their own: what is dialled there, what is shown, where help is sent.",
  groups: [
    {
      title: "Site",
      fields: [
        { name: "name", label: "Name", control: { kind: "text" } },
        {
          name: "country",
          label: "Country",
          help: "Numbers are read as they are dialled there.",
          control: { kind: "choice", options: countryOptions },
        },
        {
          name: "outsidePrefix",
          label: "Outside prefix",
          help: "What people dial before a number outside. Empty: nothing.",
          control: { kind: "text", mono: true },
        },
        {
          name: "callerId",
          label: "Number shown",
          help: "To whoever is called, when neither the person nor the trunk has one of its own.",
          control: { kind: "text", type: "tel", mono: true, mayBeEmpty: true },
        },
        { name: "callerName", label: "Name shown", control: { kind: "text" } },
      ],
    },
    {
      title: "Calls for help",
      about: "They come first in every dial plan. No right, limit or route stands in their way.",
      fields: [
        { name: "address", label: "Address", help: "Where help is sent.", control: { kind: "text" } },
        {
          name: "civic",
          label: "Address in its parts",
          help: "For carriers that want to be told, as their trunk says; read in place of the line above.",
          control: { kind: "civic" },
        },
        {
          name: "networks",
          label: "Networks",
          help: "One a line, like 192.0.2.0/24: browsers that sign in from there are at this site. Who signs in from a network of no site is asked where they are.",
          control: { kind: "lines", mono: true },
        },
        {
          name: "emergencyTrunkIds",
          label: "Leave by",
          help: "In this order; every other trunk is tried after them.",
          control: { kind: "ranked", options: outboundTrunkOptions, places: 3 },
        },
        { name: "emergencyContactIds", label: "Who is told", control: { kind: "picks", options: peopleOptions } },
      ],
    },
  ],
  columns: [
    { label: "Country", cell: (site) => site.country },
    { label: "Number shown", cell: (site) => site.callerId ?? "–" },
    {
      label: "Address",
      cell: (site) => site.address || (site.civic === null ? "" : civicText(site.civic)) || t("not said: help would not know where"),
    },
  ],
  initial: { country: "GB", emergencyTrunkIds: [], emergencyContactIds: [], networks: [] },
  tabs: [{ at: "country", label: "Country profile" }],
  next: { about: "Calls leave by an outbound route.", label: "Outbound routes", href: () => "/admin/outbound-routes" },
};

export const numberPlanPage: ObjectPage<NumberPlan, NumberPlanSettings> = {
  kind: numberPlanKind,
  path: "/admin/number-plans",
  help: "outside",
  icon: "hash",
  title: "Number plans",
  newLabel: "New number plan",
  purpose: "Rules for numbers that mean something of their own: short codes, ranges of another PBX, branches.",
  groups: [
    {
      title: "Number plan",
      about: "What no plan knows is what it is in the site's country.",
      fields: [
        { name: "name", label: "Name", control: { kind: "text" } },
        siteField,
        { name: "priority", label: "Priority", help: "The lower is tried first.", control: { kind: "quantity", unit: "", scale: 1 } },
        { name: "classification", label: "Classification", help: "What rights and routes call such numbers.", control: { kind: "text" } },
      ],
    },
    {
      title: "Which numbers",
      fields: [
        { name: "matchType", label: "Told by", control: { kind: "choice", options: options(matchTypes, words) } },
        { name: "numbers", label: "Numbers", help: "One number or range a line, like 100-199.", control: { kind: "ranges" } },
        { name: "digitLength", label: "Digits", help: "From how many to how many, like 3-4.", control: { kind: "span" } },
        { name: "match", label: "Pattern", help: "Of the whole number, like 8(\\d{4}).", control: { kind: "text", mono: true } },
        {
          name: "normalizedFormat",
          label: "Becomes",
          help: "What is dialled then, with $1 for the first group. Empty: as it was.",
          control: { kind: "text", mono: true },
        },
      ],
    },
  ],
  columns: [
    { label: "Site", cell: (plan, names) => names.get(plan.siteId) ?? "–" },
    { label: "Priority", numeric: true, cell: (plan) => String(plan.priority) },
    { label: "Classification", cell: (plan) => plan.classification },
  ],
  initial: { priority: 100, matchType: "numberList", numbers: [] },
  names: siteNames,
};

export const outboundRoutePage: ObjectPage<OutboundRoute, OutboundRouteSettings> = {
  kind: outboundRouteKind,
  path: "/admin/outbound-routes",
  help: "outside",
  icon: "phone-outgoing",
  title: "Outbound routes",
  newLabel: "New route",
  purpose: "By which trunks which numbers leave a site.",
  groups: [
    {
      title: "Route",
      fields: [
        { name: "name", label: "Name", control: { kind: "text" } },
        siteField,
        { name: "enabled", label: "State", control: { kind: "choice", options: options(["true", "false"], words) } },
        { name: "distribution", label: "Trunks are tried", control: { kind: "choice", options: options(distributions, words) } },
        {
          name: "trunkIds",
          label: "Trunks",
          help: "The next is tried when one is dead or full.",
          control: { kind: "ranked", options: outboundTrunkOptions, places: 4 },
        },
      ],
    },
    {
      title: "Numbers",
      fields: [{ name: "classifications", label: "Takes", control: { kind: "picks", options: classificationOptions } }],
    },
  ],
  columns: [
    { label: "Site", cell: (route, names) => names.get(route.siteId) ?? "–" },
    { label: "Takes", cell: (route) => route.classifications.map((one) => t(words[one] ?? one)).join(", ") },
    { label: "State", cell: (route) => t(words[String(route.enabled)]!) },
  ],
  initial: { enabled: true, distribution: "SEQUENTIAL", trunkIds: [], classifications: [...classifications] },
  names: siteNames,
};
