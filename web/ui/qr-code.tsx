// A QR code as SVG, made here: dark on light in both schemes, because cameras want it so.
import { encode } from "uqr";

export function QrCode(props: { readonly text: string; readonly label: string }) {
  // Four modules of quiet around it (ISO/IEC 18004).
  const { data, size } = encode(props.text, { ecc: "M", border: 4 });
  const path = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={props.label} shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#ffffff" />
      <path d={path} fill="#000000" />
    </svg>
  );
}
