// Icons and status glyphs from the one sprite.

/** An interface icon; decorative unless `label` names it. */
export function Icon(props: { readonly name: string; readonly label?: string }) {
  return (
    <svg
      class="icon"
      aria-hidden={props.label === undefined ? "true" : undefined}
      role={props.label === undefined ? undefined : "img"}
      aria-label={props.label}
    >
      <use href={`/assets/icons.svg#${props.name}`} />
    </svg>
  );
}

export function Glyph(props: { readonly name: string }) {
  return (
    <svg class="glyph" aria-hidden="true">
      <use href={`/assets/icons.svg#st-${props.name}`} />
    </svg>
  );
}
