// A prompt's sound: the one it has, and a new one from a file or the microphone.
import type { Prompt } from "../../../core/architect/prompt.ts";
import { Field, Group, SaveBar, Saved } from "../../ui/form.tsx";
import { Icon } from "../../ui/icon.tsx";
import { t } from "../../ui/text.ts";
import { Duration } from "../../ui/time.tsx";

export function Sound(props: {
  readonly prompt: Prompt;
  readonly error: string | null;
  readonly saved: boolean;
  readonly mayEdit: boolean;
  readonly csrf: string;
}) {
  const { prompt } = props;
  return (
    <>
      {props.saved ? <Saved said={t("Saved. Callers hear it from the next time it is played.")} /> : null}
      <Group id="present-sound" title={t("What is played")}>
        {prompt.audioSha256 === null ? (
          <p class="quiet">{t("There is no sound yet: a flow that plays this prompt goes to its error handling.")}</p>
        ) : (
          <div class="player-row">
            <audio controls preload="none" src={`/admin/prompts/${prompt.id}/sound.wav?v=${prompt.version}`} />
            <Duration ms={prompt.audioMs ?? 0} />
          </div>
        )}
      </Group>
      {props.mayEdit ? (
        <form method="post" action={`/admin/prompts/${prompt.id}/sound`} enctype="multipart/form-data" data-sound-form>
          <input type="hidden" name="csrf" value={props.csrf} />
          <Group id="new-sound" title={t("A new sound")} about={t("It is levelled and brought to telephone quality.")}>
            <Field
              name="audio"
              label={t("File")}
              error={props.error ?? undefined}
              help={t("WAV; other kinds if this browser can read them. At most five minutes.")}
              wide
            >
              {(input) => <input class="input" {...input} type="file" accept="audio/*" required />}
            </Field>
            <div class="field" data-wide="" data-recorder hidden>
              <span class="label">{t("Or record it here")}</span>
              <div class="player-row">
                <button class="button" type="button" data-record>
                  <Icon name="mic" />
                  <span data-record-word data-stop={t("Stop")}>
                    {t("Record")}
                  </span>
                </button>
                <time data-record-time>0:00</time>
                <audio controls hidden data-record-preview />
              </div>
              <span class="help" role="status" data-record-state />
            </div>
          </Group>
          <SaveBar about={t("Callers hear it from the next time it is played.")} said={t("Save")} />
        </form>
      ) : null}
    </>
  );
}
