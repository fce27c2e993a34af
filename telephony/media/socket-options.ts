// Options of sockets that the runtime has no setter for, by the C library's setsockopt; without that the kernel's own values have to do.
import { dlopen, FFIType, ptr } from "bun:ffi";

const solSocket = 1;
const soRcvbuf = 8;
const ipprotoTcp = 6;
const tcpNotSentLowat = 25;

let setsockopt: ((fd: number, level: number, name: number, value: number, size: number) => number) | null | undefined;

/** As far as net.core.rmem_max lets us. */
export function raiseReceiveBuffer(fd: number | undefined, bytes: number): void {
  set(fd, solSocket, soRcvbuf, bytes);
}

/** The kernel takes no more than about so many bytes that it cannot send yet: what waits longer waits with us, where the oldest can be dropped. */
export function limitUnsent(fd: number | undefined, bytes: number): void {
  set(fd, ipprotoTcp, tcpNotSentLowat, bytes);
}

function set(fd: number | undefined, level: number, name: number, value: number): void {
  if (fd === undefined || fd < 0) return;
  if (setsockopt === undefined) {
    try {
      const library = dlopen("libc.so.6", {
        setsockopt: { args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
      });
      setsockopt = library.symbols.setsockopt as unknown as typeof setsockopt;
    } catch {
      setsockopt = null;
    }
  }
  setsockopt?.(fd, level, name, ptr(new Int32Array([value])) as unknown as number, 4);
}
