// Frames on a stream, cut in every way that TCP may cut them, and what is none.
import { expect, test } from "bun:test";
import { framedPacketBytesMax } from "../../../core/lib/limits.ts";
import { FrameReader, framed } from "./framing.ts";

const room = new Uint8Array(framedPacketBytesMax + 2);
const packets = [Uint8Array.of(1), new Uint8Array(framedPacketBytesMax).fill(2), Uint8Array.of(3, 4, 5), new Uint8Array(300).fill(6)];
const stream = Buffer.concat([...packets.map((packet) => framed(packet, room).slice()), Uint8Array.of(0, 0), framed(packets[0]!, room)]);

function read(pieces: readonly Uint8Array[]): { readonly packets: Uint8Array[]; readonly isReadable: boolean } {
  const reader = new FrameReader();
  const got: Uint8Array[] = [];
  const isReadable = pieces.every((piece) =>
    reader.push(piece, (packet) => {
      got.push(packet.slice());
      return true;
    }),
  );
  return { packets: got, isReadable };
}

test("packets come out whole however the stream is cut, and empty frames mean nothing", () => {
  for (const size of [1, 2, 3, 7, 301, 2_049, stream.length]) {
    const pieces = Array.from({ length: Math.ceil(stream.length / size) }, (_, n) => stream.subarray(n * size, (n + 1) * size));
    const { packets: got, isReadable } = read(pieces);
    expect(isReadable).toBe(true);
    expect(got.map((packet) => Buffer.from(packet).toString("hex"))).toEqual(
      [...packets, packets[0]!].map((packet) => Buffer.from(packet).toString("hex")),
    );
  }
});

test("a length that no packet of ours has ends it, in one piece or byte by byte", () => {
  const garbage = Buffer.from("GET / HTTP/1.1\r\n\r\n");
  expect(read([garbage])).toEqual({ packets: [], isReadable: false });
  expect(read([...garbage].map((byte) => Uint8Array.of(byte)))).toEqual({ packets: [], isReadable: false });
  const tooLong = framedPacketBytesMax + 1;
  expect(read([Uint8Array.of(tooLong >> 8, tooLong & 0xff)]).isReadable).toBe(false);
});

test("whoever wants no more gets no more", () => {
  const got: number[] = [];
  new FrameReader().push(stream, (packet) => {
    got.push(packet.length);
    return false;
  });
  expect(got).toEqual([1]);
});
