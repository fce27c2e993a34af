// Runs one program as a container engine would: `container.ts ROOT UID MOUNTS -- PROGRAM WORDS`. Read-only root, own processes, no privileges; ends as the program ends.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./steps.ts";

const [root, uid, mounts] = process.argv.slice(2, 5) as [string, string, string];
const program = process.argv.slice(process.argv.indexOf("--") + 1);

// In a mount namespace of its own: the volumes over the root, then nothing of the root can be written any more.
const script = `
set -e
mount --make-rprivate /
mount --bind "$ROOT" "$ROOT"
mount -t proc -o nosuid,nodev,noexec proc "$ROOT/proc"
mount -t tmpfs -o nosuid,mode=755 dev "$ROOT/dev"
for name in null zero full random urandom tty; do touch "$ROOT/dev/$name"; mount --bind "/dev/$name" "$ROOT/dev/$name"; done
mkdir "$ROOT/dev/shm"
mount -t tmpfs -o nosuid,nodev,noexec,size=64m shm "$ROOT/dev/shm"
mount -t tmpfs -o nosuid,nodev,noexec,size=64m tmp "$ROOT/tmp"
for pair in $MOUNTS; do mount --bind "\${pair%%:*}" "$ROOT\${pair##*:}"; done
mount -o remount,bind,ro "$ROOT"
cd "$ROOT"
exec setpriv --no-new-privs --inh-caps=-all chroot --userspec="$OWNER:$OWNER" --groups= . "$@"
`;

for (const pair of mounts.split(" ")) mkdirSync(join(root, pair.split(":")[1]!), { recursive: true });
const namespaces = ["--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child=SIGKILL"];
const child = spawn("unshare", [...namespaces, "/bin/sh", "-c", script, "sh", ...program], {
  stdio: "inherit",
  env: { ...process.env, ROOT: root, OWNER: uid, MOUNTS: mounts },
});

// To the program alone, which is its own process 1: unshare passes nothing on.
process.on("SIGTERM", () => {
  void eventually("the program runs", () => readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim()).then((pid) =>
    process.kill(Number(pid), "SIGTERM"),
  );
});
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGTERM" ? 143 : 137)));
