// A place as it travels with a call: what is written is read back whole, and what could mean more than it says is not read at all.
import { expect, test } from "bun:test";
import { type CivicAddress, civicAddress, civicText } from "./civic-address.ts";
import { readPidfLo, writePidfLo } from "./pidf-lo.ts";

const leeds: CivicAddress = {
  ...{ street: "Park Row", houseNumber: "1", extra: "Room 4", postalCode: "LS1 5HD", city: "Leeds", region: "", country: "GB" },
};
const written = writePidfLo(leeds, "sip:+441632960201@192.0.2.1", 1_730_616_042_309);

test("an address is written in the elements of RFC 5139, may be passed on, and is read back as it was", () => {
  expect(written).toContain("<ca:country>GB</ca:country><ca:A3>Leeds</ca:A3><ca:RD>Park Row</ca:RD><ca:HNO>1</ca:HNO>");
  expect(written).toContain("<gbp:retransmission-allowed>true</gbp:retransmission-allowed>");
  expect(written).toContain("<timestamp>2024-11-03T06:40:42");
  expect(readPidfLo(written)).toEqual(leeds);
});

test.each(["a & b <c> \"d\" 'e'", "]]>", "<!-- -->", "&amp;", "Größe 東京 \u{1f6a8}"])("%s is text, whatever it looks like", (street) => {
  expect(readPidfLo(writePidfLo({ ...leeds, street }, "sip:a&b@x", 0))).toEqual({ ...leeds, street });
});

test("prefixes are the writer's own business, namespaces are not", () => {
  expect(readPidfLo(written.replace(/\bca([:=])/g, "cl$1"))).toEqual(leeds);
  expect(readPidfLo(written.replace('xmlns:ca="urn', 'xmlns:ca="x'))).toBeNull();
});

test.each([
  ["a document type", written.replace("<presence", "<!DOCTYPE presence [<!ENTITY a 'b'>]><presence")],
  ["a comment", written.replace("<tuple", "<!-- --><tuple")],
  ["an entity that nobody declared", written.replace("Leeds", "&leeds;")],
  ["a reference to no character", written.replace("Leeds", "&#0;")],
  ["an open end", written.replace("</presence>", "")],
  [
    "ends in the wrong order",
    written.replace("</status></tuple>", "</tuple></status>").replace("</gp:geopriv></status>", "</status></gp:geopriv>"),
  ],
  ["a second root", `${written.trim()}<a xmlns="b"/>`],
  ["the same part twice", written.replace("<ca:A3>", "<ca:A3>York</ca:A3><ca:A3>")],
  ["an attribute twice", written.replace('entity="', 'entity="a" entity="')],
  ["more than a place needs", written + " ".repeat(20_000)],
  ["nothing", ""],
])("%s makes it no such document", (_, document) => expect(readPidfLo(document)).toBeNull());

test("an address is nothing, or whole; the forms of postal codes and regions are the country's", () => {
  const problem = (of: object): string => civicAddress.safeParse({ ...leeds, ...of }).error?.issues[0]?.message ?? "";
  expect(civicAddress.parse({ street: " ", city: "" })).toBeNull();
  expect(civicAddress.parse(undefined)).toBeNull();
  expect(civicAddress.parse({ ...leeds, postalCode: "ls1 5hd", country: "gb" })).toEqual(leeds);
  expect(problem({ country: "" })).toContain("two letters");
  expect(problem({ street: "" })).toContain("street");
  expect(problem({ city: "" })).toContain("city");
  expect(problem({ postalCode: "10115" })).toContain("LS1 5HD");
  expect(problem({ street: "a\u0000b" })).toContain("control");
  const us = { country: "US", postalCode: "20500-0003" };
  expect(problem({ ...us, region: "DC" })).toBe("");
  expect(problem({ ...us, region: "Washington" })).toContain("The region is one of AL");
  expect(problem({ country: "DE", postalCode: "1011" })).toContain("10115");
  expect(problem({ country: "IE", postalCode: "whatever" })).toBe("");
});

test("people read it as it is written in its country", () => {
  expect(civicText(leeds)).toBe("Room 4, 1 Park Row, Leeds LS1 5HD, GB");
  const berlin = { ...leeds, country: "DE", street: "Invalidenstraße", houseNumber: "44", postalCode: "10115", city: "Berlin", extra: "" };
  expect(civicText(berlin)).toBe("Invalidenstraße 44, 10115 Berlin, DE");
});
