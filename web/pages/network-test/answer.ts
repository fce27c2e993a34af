// The answer to a browser's offer of a voice check, as its script reads it: set-up and network test ask alike.
import { AppError } from "../../../core/lib/errors.ts";
import type { WebContext } from "../../context.ts";
import type { WebPorts } from "../../ports.ts";
import { said } from "../../ui/text.ts";

/** `whose`: see VoiceCheckPort. A refusal is a sentence. */
export async function answerOffer(c: WebContext, ports: WebPorts, form: FormData, whose: string): Promise<Response> {
  try {
    return c.json(await ports.voiceCheck.answer(String(form.get("offer") ?? ""), whose));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return c.text(said(error.message), error.status as 400);
  }
}
