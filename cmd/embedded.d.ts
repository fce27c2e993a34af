// Files that the build embeds: their import is a path inside the binary.
declare module "*.bundle" {
  const path: string;
  export default path;
}
declare module "*.tar.zst" {
  const path: string;
  export default path;
}
