// The page's script: starts what lives outside of what is swapped, once.

import { startAgentFilter } from "./agent-filter.ts";
import { startClocks } from "./clocks.ts";
import { startCommandBar } from "./command-bar.ts";
import { startForms } from "./forms.ts";
import { startGuest } from "./guest-call.ts";
import { startHelpAlarm } from "./help-alarm.ts";
import { startKeys } from "./keys.ts";
import { startLive } from "./live.ts";
import { startMicrophone } from "./microphone.ts";
import { startMoments } from "./moments.ts";
import { startNavigation } from "./navigation.ts";
import { startNetworkTest } from "./network-test.ts";
import { startSetup } from "./setup.ts";
import { startPhone } from "./softphone/phone.ts";
import { startSoundForm } from "./sound-form.ts";
import { startTheme } from "./theme.ts";

startTheme();
startClocks();
startForms();
if (document.body.classList.contains("wizard")) startSetup();
if (document.body.classList.contains("guest")) startGuest();
if (document.body.classList.contains("app")) {
  startNavigation();
  startKeys();
  startCommandBar();
  startLive();
  startPhone();
  startSoundForm();
  startAgentFilter();
  startMicrophone();
  startMoments();
  startNetworkTest();
  startHelpAlarm();
}
