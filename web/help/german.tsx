// Das Handbuch auf Deutsch: every page's title, and the text of those that an agent reads first. A test holds places, keys and commands to the English ones.
import { glossaryOf } from "./glossary.tsx";
import type { TranslatedManual } from "./spoken.ts";

/** Whatever has no body here is shown in English, and says so. */
export const germanManual: TranslatedManual = {
  help: {
    title: "Was Landline ist",
    body: () => (
      <>
        <p>
          Landline ist ein Contact-Center auf Ihrer eigenen Maschine: Anrufe kommen über SIP, ein Ablauf begrüßt und fragt, eine
          Warteschlange findet die richtige Person, ein Browser ist ihr Telefon, und alles, was geschehen ist, lässt sich danach lesen,
          beweisen und erklären.
        </p>
        <p>
          Nichts verlässt die Maschine, worum Sie nicht gebeten haben. Aufzeichnungen sind verschlüsselt, bevor sie auf die Platte kommen.
          Das Protokoll ist eine Kette: Wer etwas darin ändert, wird entdeckt.
        </p>
      </>
    ),
  },
  "sign-in": {
    title: "Anmelden",
    body: () => (
      <>
        <p>
          Melden Sie sich mit E-Mail-Adresse und Passwort an. Nach zehn falschen Versuchen wartet ein Konto oder eine Adresse zehn Minuten.
          Eine Sitzung dauert zwölf Stunden.
        </p>
        <p>
          Wer einen zweiten Faktor hat, wird nach dem Passwort nach einem Code gefragt: sechs Ziffern, die eine Authenticator-App zeigt. Ein
          Code gilt einmal und etwa eine Minute lang. Nach zehn falschen Codes heißt es auch hier zehn Minuten warten.
        </p>
        <p>
          <b>Ohne das Telefon</b> geben Sie an seiner Stelle einen Ihrer zehn Wiederherstellungscodes ein. Jeder gilt einmal. Werden die
          Codes des Telefons immer abgelehnt, geht seine Uhr falsch: Lassen Sie es die Zeit selbst stellen. Haben Sie weder Telefon noch
          Codes, hilft die Administration, auf Ihrer Seite unter Personen oder auf der Maschine mit{" "}
          <code>landline admin second-factor remove --email …</code>.
        </p>
        <p>
          Ein <b>Anmeldelink</b>, wie <code>npm start</code> ihn zum Ausprobieren ausgibt, gilt einmal und eine Stunde lang. Solange das
          Center niemandem gehört, gibt Landline bei jedem Start einen neuen aus.
        </p>
        <p>
          Konten legt die Administration an: auf der Seite Personen oder mit <code>landline admin user create</code>.
        </p>
      </>
    ),
  },
  setup: { title: "Die Ersteinrichtung" },
  trial: { title: "Ausprobieren" },
  demo: { title: "Das Vorführ-Center" },
  desk: {
    title: "Der Arbeitsplatz",
    body: () => (
      <>
        <p>
          Schalten Sie oben oder in der Mitte der Seite <b>Bereit</b> ein, um Anrufe zu bekommen. Ein Anruf erscheint unten auf der Seite
          und sagt, wer es ist, wie lange gewartet und was gedrückt wurde. <kbd>Enter</kbd> nimmt an, <kbd>D</kbd> lehnt ab. Solange Sie in
          ein Feld schreiben, tun diese Tasten nichts.
        </p>
        <p>
          Während des Gesprächs: <kbd>H</kbd> hält (der Anrufer hört Musik), <kbd>M</kbd> schaltet Sie stumm, <kbd>K</kbd> öffnet die
          Wähltasten, <kbd>T</kbd> gibt den Anruf weiter, <kbd>E</kbd> beendet ihn. Wählen Sie danach einen Abschlusscode, bevor die Zeit um
          ist; Sie können es auch schon während des Gesprächs.
        </p>
        <p>
          <b>Reagiert nicht.</b> Nehmen Sie nicht rechtzeitig an, geht der Anruf an die nächste Person, und Ihnen wird nichts mehr
          angeboten, bis Sie sich wieder bereit melden.
        </p>
        <p>
          <b>Neu laden und geschlossene Tabs.</b> Von Seite zu Seite zu gehen berührt keinen Anruf. Nach dem Neuladen kommt er von selbst
          zurück; so lange hört der Anrufer Musik. Kommen Sie nicht binnen 15 Sekunden wieder, geht er zurück an den Anfang der
          Warteschlange.
        </p>
        <p>
          <b>Frühere</b>, neben Ihren Gesprächen, zeigt die Anrufe, die Sie hatten, und findet sie nach Nummer oder Name; während eines
          Gesprächs tut ein Link neben der Nummer dasselbe. Ist die Nachbearbeitung vorbei, lässt sich kein Code mehr setzen.
        </p>
        <p>
          <b>Das Telefon im Browser</b> braucht ein Mikrofon und einen Server mit einer anderen Adresse als 127.0.0.1. Es arbeitet in
          aktuellem Chromium und Firefox.
        </p>
      </>
    ),
  },
  calls: {
    title: "Kollegen anrufen und Anrufe weiterleiten",
    body: () => (
      <>
        <p>
          <b>Um jemanden anzurufen</b>, geben Sie am Arbeitsplatz die Nebenstelle ein, oder Sie drücken <kbd>Ctrl</kbd> <kbd>K</kbd> und
          schreiben einen Namen oder eine Nummer. Wer telefoniert, bekommt so lange keinen Anruf aus einer Warteschlange. Nebenstellen
          werden auf der Seite Personen vergeben; unter der <b>Durchwahl</b> einer Person klingelt es bei ihr von außen.
        </p>
        <p>
          <b>Weiterleiten</b> (<kbd>T</kbd>) gibt einen Anruf an eine Nummer, eine Nebenstelle oder eine Warteschlange.{" "}
          <b>Sofort weiterleiten</b> entlässt Sie gleich: Der Anrufer hört es klingeln. <b>Erst fragen</b> legt den Anrufer mit Musik auf
          Halten, während Sie mit der anderen Person sprechen; <b>Übergeben</b> lässt die beiden zusammen, <b>Zurück</b> bringt Sie zum
          Anrufer. Auch wer mittendrin auflegt, gibt weiter.
        </p>
        <p>
          Ein <b>Tischtelefon</b> kann beides mit seiner eigenen Taste: sofort, oder indem es nach einem Wort mit der zweiten Person seine
          beiden Anrufe verbindet. Die zwei sprechen dann in einem Gespräch; auf der Seite des anderen steht, dass es verbunden wurde. Zwei
          Anrufe aus Warteschlangen lassen sich nicht verbinden.
        </p>
        <p>
          Während Sie jemanden fragen, wechselt <b>Makeln</b> (<kbd>S</kbd>) zwischen beiden hin und her; wer wartet, hört Musik.{" "}
          <b>Konferenz</b> (<kbd>C</kbd>) bringt alle zusammen. In einer Konferenz sehen Sie alle mit Namen; wen Sie dazugeholt haben,
          können Sie <b>entfernen</b>, und mit <b>Weiterleiten</b> fragen Sie den Nächsten, bis zu 10 Teilnehmer. <b>Halten</b> nimmt nur
          Sie heraus: Sie hören niemanden und niemand hört Sie, die anderen sprechen weiter.
        </p>
        <p>
          Wer eine Konferenz verlässt, lässt die anderen zusammen. Geht der Agent, gibt er damit den Anruf weiter und beginnt seine
          Nachbearbeitung; die Aufnahme endet mit seinem Teil, und mit dem des Anrufers. Geht der Anrufer, können die anderen weiterreden.
        </p>
        <p>
          <b>Wenn einer von Ihnen nicht zu hören ist</b>, sagt es binnen 5 Sekunden eine Zeile über der Anrufsteuerung: wer wen nicht hört
          und was von der Ursache bekannt ist. Sie verschwindet, sobald wieder Ton kommt. Im Gespräch ist es festgehalten.
        </p>
        <p>
          Nimmt niemand einen Anruf an, der aus einer Warteschlange kam und weitergegeben wurde, geht er an deren Anfang zurück. Jeder
          Schritt steht im Protokoll des Gesprächs. Anrufe von Person zu Person werden nicht aufgezeichnet.
        </p>
      </>
    ),
  },
  listen: {
    title: "Mithören, einflüstern, sich aufschalten",
    body: () => (
      <>
        <p>
          Eine Teamleitung hört bei jemandem von Ihnen mit: <b>Mithören</b> auf der Übersicht führt zum laufenden Gespräch; dort nennt man,
          wenn man will, den Grund und beginnt. Gerufen wird das eigene Telefon; das im Browser nimmt von selbst an. Die Leiste unten zeigt
          dann, bei wem man mithört, und wechselt zwischen <b>Mithören</b> (<kbd>L</kbd>), das niemand hört, <b>Einflüstern</b> (
          <kbd>C</kbd>), das nur der Agent hört, und <b>Aufschalten</b> (<kbd>B</kbd>), das alle hören. <b>Verlassen</b> (<kbd>E</kbd>) oder
          Auflegen beendet nur den eigenen Teil. Der Anruf geht weiter wie zuvor.
        </p>
        <p>
          Wer mithört, folgt dem Agenten in eine Rückfrage und in eine Konferenz. Während der Agent die anderen hält, hört ihn niemand,
          außer wer einflüstert oder sich aufgeschaltet hat. Verlässt der Agent den Anruf oder endet der Anruf, endet auch das Mithören. Die
          Aufnahme hat, was der Anrufer hört: wer sich aufschaltet, nicht wer einflüstert. Bis zu 5 können zugleich mithören.
        </p>
        <h2 id="seen">Was die anderen davon sehen</h2>
        <p>
          Bei wem mitgehört wird, der sieht den Namen über der Anrufsteuerung und danach im Gespräch. Die Verwaltung kann das auf der Seite
          Organisation abschalten; wer einflüstert oder sich aufschaltet, wird trotzdem angezeigt. Jeder Beginn, Wechsel und jedes Ende
          steht im Protokoll, mit wer, bei wem, wie und warum: Die Revision sieht es in jedem Fall.
        </p>
        <p>
          Menschen bei der Arbeit ohne ihr Wissen abzuhören, ist in vielen Ländern verboten oder an Bedingungen geknüpft, auch gegenüber
          Anrufern. Der Betriebsrat bestimmt mit, bevor es benutzt wird (§ 87 Betriebsverfassungsgesetz). Die drei Rechte{" "}
          <code>conversation:call:monitor</code>, <code>conversation:call:coach</code> und <code>conversation:call:barge</code> haben die
          Rollen Teamleitung und Verwaltung; Agenten und Revision haben keines davon.
        </p>
      </>
    ),
  },
  board: { title: "Warteschlangen und Agenten" },
  queues: { title: "Warteschlangen" },
  conversations: { title: "Gespräche" },
  audit: { title: "Prüfung" },
  conversation: {
    title: "Ein Gespräch",
    body: () => (
      <>
        <p>
          Die Spuren zeigen Ablauf, Warteschlange und Agenten auf einer Zeitachse; Sprechen, Halten und Nachbearbeitung darunter ergeben die
          Bearbeitungszeit. Die Zeitleiste ist das Protokoll dieses Gesprächs. <b>Warum dieser Agent?</b> wird bei jedem Blick neu aus dem
          Protokoll errechnet und sagt, ob dieselbe Antwort herauskam; <b>Warum?</b> in der Zeitleiste führt zu jeder anderen Entscheidung.
        </p>
        <p>
          <b>Schritt für Schritt</b> zeigt auf derselben Achse: was der Ablauf tat und welchen Weg er nahm, Entscheidungen, Halten, Pausen
          der Aufzeichnung, wer angerufen wurde und kam, Störungen im Netz und die SIP-Nachrichten: Was hereinkam, steht über der Linie, was
          hinausging, darunter. Zeigen Sie auf eine Zeichnung oder einen Eintrag in Zeitleiste und SIP-Ablauf, und derselbe Augenblick ist
          in allen markiert; mit der Tastatur ist jede Zeile ein Halt, <kbd>←</kbd> und <kbd>→</kbd> gehen von Marke zu Marke, und{" "}
          <kbd>Enter</kbd> führt zum Eintrag. Die Tabelle enthält dasselbe. Solange der Anruf läuft, wächst alles, während Sie zusehen.
        </p>
        <p>
          Der <b>SIP-Ablauf</b> zeigt die Nachrichten mit dem Netz und dem Telefon des Agenten; Zugangsdaten, Schlüssel und private Ziffern
          stehen nicht darin.
        </p>
        <p>
          <b>Medien</b> zeigt jedes Ende des Gesprächs, solange es läuft und danach: was es <i>sagt</i>, wie es bei uns ankommt, und was es{" "}
          <i>hört</i>, wie sein eigenes Gerät es meldet. MOS ist die Note (Mean Opinion Score), die das E-Modell (ITU-T G.107) aus Verlust,
          Verzögerung und Schwankung errechnet: 4,4 ist so gut, wie ein Telefon sein kann, unter 3,6 sind viele unzufrieden. Stille wird
          binnen 5 Sekunden mit der wahrscheinlichen Ursache gemeldet, hier und dem Agenten; Halten, Musik und Stummschalten sind keine.
          <b>Wie es klang</b> zeigt dasselbe für je fünf Sekunden, auf der Zeitachse der Spuren: Die Linie ist der MOS, ganz unten, wo er 2
          oder weniger ist, und offen, wo Stille war oder nichts gemessen wurde; rote Striche sind verlorene Pakete, ab 20 % in voller Höhe.
          Zeigen Sie darauf, um die Werte zu sehen, oder öffnen Sie die Tabelle. Bei mehr als einer Stunde werden benachbarte Punkte zu
          einem, mit dem schlechtesten MOS und der Summe der Verluste.
        </p>
        <p>
          <b>Aufzeichnung</b>: Der Anrufer ist links, der Agent rechts. Das Anhören wird vor dem ersten Ton festgehalten. Ziffern, nach
          denen ein Ablauf fragt, sind privat, solange er nicht <code>"log": true</code> sagt: Nur ihre Zahl wird behalten.
        </p>
        <h2 id="bundle">Für den Support eines Netzbetreibers</h2>
        <p>
          <b>Paket herunterladen</b> (Recht <code>analytics:conversationDetail:view</code>) gibt eine Datei, <code>.tar.gz</code>, die man
          Fremden schicken kann: den SIP-Ablauf als Text, die Verläufe als CSV und JSON, die Werte jeder Leitung, was der Ablauf tat, wer in
          Betracht kam, und Versionen und Adressen dieses Servers. Ein README darin sagt, was fehlt: Zugangsdaten, Schlüssel, Ziffern, Namen
          unserer Leute, was ein Ablauf notierte, Ton, und jedes Kopffeld, das nicht als harmlos bekannt ist. Von Nummern bleiben die
          letzten zwei Ziffern, wenn Sie sie nicht in voller Länge wollen. Wer es mitnahm, steht im Protokoll.
        </p>
        <h2 id="pause">Wenn eine Aufzeichnung pausiert</h2>
        <p>
          Für die Nummer einer Karte gibt es die <b>sichere Pause</b> (<kbd>P</kbd> in der Anrufleiste, Recht{" "}
          <code>conversation:call:securePause</code>): Die Datei enthält ebenso lange Stille, gedrückte Tasten stehen in keinem Protokoll,
          und wer mithört, hört nichts. Alle anderen im Anruf hören einander wie zuvor. <b>Aufzeichnung anhalten</b> (<kbd>R</kbd>,{" "}
          <code>conversation:call:pause</code>) macht nur die Stille. Abläufe und Programme können beides; eine Pause übersteht Weitergabe,
          Konferenz und Neuladen und gilt auch für die Aufzeichnung, die der nächste Agent beginnt. Nach der Zeit auf der Seite Organisation
          endet sie von selbst. Beginn, Ende, wer und warum stehen im Protokoll und in der signierten Beschreibung der Aufzeichnung.
        </p>
      </>
    ),
  },
  flows: { title: "Abläufe" },
  me: {
    title: "Eigene Einstellungen",
    body: () => (
      <p>
        Sprache und Anrufsteuerung mit einzelnen Tasten gelten auf diesem Gerät; ohne Wahl entscheidet die Sprache des Browsers. Auch Ihr
        Passwort ändern Sie hier; danach sind Sie überall abgemeldet. Ein zweiter Faktor ist ein Code von Ihrem Telefon bei jeder Anmeldung:
        Scannen Sie den Schlüssel, geben Sie einen Code ein und bewahren Sie die zehn Wiederherstellungscodes auf. Hell oder dunkel folgt
        dem System, bis Sie umschalten. <a href="/where">Wo Sie heute arbeiten</a> ist für Notrufe von Ihrem Browser, wenn Sie nicht dort
        sind, wo Ihr Platz ist.
      </p>
    ),
  },
  "network-test": {
    title: "Der Netztest",
    body: () => (
      <>
        <p>
          <a href="/network-test">Der Netztest</a> schickt fünfzehn Sekunden lang Sprache zwischen Ihrem Browser und dem Server, in beiden
          Richtungen, auf dem Weg eines Anrufs. Der Kopfhörer oben auf jeder Seite führt dorthin, Ihre eigene Seite auch. Ein Mikrofon ist
          nicht nötig: Ohne sendet er einen Ton. Niemand wird angerufen, und nichts wird aufgezeichnet.
        </p>
        <p>
          Jede Richtung ist <b>gut</b>, <b>mäßig</b> oder <b>schlecht</b>, wie die empfangende Seite sie misst: Gut sind ein MOS ab 4,0,
          weniger als 1 % Verlust und ein Jitter unter 30 ms; schlecht sind ein MOS unter 3,6 oder ein Verlust ab 5 %. Was nicht stimmt,
          steht über den Werten, und was zu tun ist. Verlust in nur einer Richtung kommt oft vom WLAN oder einer vollen Leitung, eine
          Umlaufzeit über 300 ms oft von einem VPN.
        </p>
        <p>
          <b>Wenn keine Sprache durchkommt,</b> nennt das Ergebnis den UDP-Port. Er muss von Ihrem Netz zum Server offen sein; hinter NAT
          braucht der Server <code>--public-address</code>. Wo eine Firewall UDP sperrt, geht die Sprache von selbst über TCP, an denselben
          Port, wenn <code>--media-tcp-ports</code> keinen anderen nennt; das Ergebnis und die Seite des Gesprächs sagen es. Ein Anruf über
          TCP geht, aber was unterwegs verloren geht, kommt zu spät und ist als Lücke zu hören. Auf dem Server sieht{" "}
          <code>landline doctor</code> nach dessen Seite und sagt, wie viele Browser über TCP kamen.
        </p>
        <p>
          <b>Wo ein Netz beides sperrt,</b> leitet ein eigener TURN-Server die Sprache weiter, etwa über Port 443: Wer den Server betreibt,
          gibt <code>--turn turns:turn.example.org:443</code> und <code>--turn-secret</code> an, das <code>static-auth-secret</code> von
          coturn mit <code>use-auth-secret</code>. Jeder Browser bekommt dann einen eigenen Namen mit Kennwort, die nach einem Tag enden;
          mit <code>--turn-user</code> und <code>--turn-password</code> haben stattdessen alle dieselben. Browser nehmen den Umweg nur, wo
          nichts Kürzeres geht. Der TURN-Server muss den Sprachport dieses Servers erreichen und sollte private Adressen abweisen;{" "}
          <code>landline doctor</code> fragt ihn.
        </p>
        <p>
          <b>Als Text kopieren</b> ist für Ihre Hilfe vor Ort. <b>An die Administration schicken</b> lässt Werte, Adressen und Browser unter
          Ihrem Namen im Protokoll; die Administration findet die letzten fünfzig auf derselben Seite. Wenn Sie es nicht drücken, behält
          niemand ein Ergebnis.
        </p>
      </>
    ),
  },
  "command-bar": {
    title: "Die Befehlsleiste",
    body: () => (
      <p>
        <kbd>Ctrl</kbd> <kbd>K</kbd> (<kbd>⌘</kbd> <kbd>K</kbd> auf dem Mac) öffnet sie auf jeder Seite, auch während Sie schreiben oder
        telefonieren. Sie findet Seiten, Personen, Warteschlangen, Abläufe, Einstellungen, Hilfe und Aktionen wie Bereit. Pfeile wählen,{" "}
        <kbd>Enter</kbd> geht dorthin, <kbd>Esc</kbd> lässt alles, wie es war. Ein Gespräch findet sie nach seiner ganzen Kennung.
      </p>
    ),
  },
  live: { title: "Zahlen in Echtzeit" },
  api: { title: "Die API" },
  admin: { title: "Verwaltung" },
  organization: { title: "Organisation und Aufbewahrung" },
  people: { title: "Personen" },
  skills: { title: "Fähigkeiten und Sprachen" },
  "wrap-up-codes": { title: "Abschlusscodes" },
  presences: { title: "Präsenzen" },
  prompts: { title: "Ansagen" },
  stations: { title: "Stationen und Telefone" },
  trunks: { title: "Trunks" },
  capture: { title: "Paketmitschnitt" },
  outside: { title: "Anrufe nach außen" },
  spend: { title: "Kosten der Anrufe nach außen" },
  numbers: { title: "Nummern und IVRs" },
  "conference-rooms": { title: "Konferenzräume" },
  "oauth-clients": { title: "OAuth-Clients" },
  backup: { title: "Sichern und Wiederherstellen" },
  glossary: { title: "Glossar", body: () => glossaryOf((term) => germanTerms[term[0]] ?? term) },
};

/** By the English term, as its anchor is. */
export const germanTerms: Readonly<Record<string, readonly [term: string, meaning: string]>> = {
  Abandoned: ["Aufgelegt", "Der Anrufer hat die Warteschlange verlassen, bevor ein Agent annahm."],
  ACD: [
    "ACD",
    "Automatische Anrufverteilung: Wer in einer Warteschlange wartet, bekommt die richtige Person nach Regeln, die sich erklären lassen.",
  ],
  "After-call work": ["Nachbearbeitung", "Die Zeit nach einem Anruf für Notizen und einen Abschlusscode, bevor der nächste klingeln darf."],
  AHT: ["AHT", "Mittlere Bearbeitungszeit: Sprechen, Halten und Nachbearbeitung zusammen."],
  Alert: ["Klingeln", "Ein Gespräch, das einer Person angeboten wird, so lange, wie die Warteschlange es vorsieht."],
  ASA: ["ASA", "Mittlere Zeit bis zur Annahme: vom Eintritt in die Warteschlange bis zur Antwort des Agenten."],
  Conversation: ["Gespräch", "Der Kontakt eines Anrufers vom Anfang bis zum Ende, mit allen und allem, was daran teilhatte."],
  DID: ["DID", "Durchwahl von außen: eine Nummer von Ihnen, die der Anbieter zustellt."],
  Division: ["Bereich", "Der Teil der Organisation, zu dem etwas gehört; Berechtigungen gelten in Bereichen."],
  DTMF: ["DTMF", "Die Ziffern, die ein Anrufer drückt."],
  EWT: ["EWT", "Geschätzte Wartezeit, nach Verfahren EWT-1; die Hilfe zu „Warteschlangen und Agenten“ hat die Formel."],
  Flow: ["Ablauf", "Was ein Anrufer hört und gefragt wird, als Dokument aus Aktionen."],
  IVR: ["IVR", "Sprachdialog: die Nummern, die zu einem Ablauf führen."],
  Leg: ["Leg", "Eine Verbindung mit einer Seite: die des Anrufers, die eines Agenten."],
  "Not Responding": ["Reagiert nicht", "Der Routing-Status eines Agenten, der ein Klingeln verstreichen ließ; Bereit beendet ihn."],
  "On Queue": ["Bereit", "Die Präsenz, in der einem Agenten Gespräche angeboten werden."],
  Participant: ["Teilnehmer", "Eine Seite eines Gesprächs mit ihren eigenen Zeiten: Kunde, Ablauf, Warteschlange, Agent."],
  Presence: ["Präsenz", "Ob und warum eine Person da ist, in Worten, die Menschen wählen."],
  "Routing status": [
    "Routing-Status",
    "Was die Verteilung von einem Agenten hält: Nicht bereit, Frei, Beschäftigt mit Anruf, Reagiert nicht, Im Gespräch.",
  ],
  Sealed: ["Versiegelt", "Geschlossen, verschlüsselt und signiert; ein verändertes Bit wird entdeckt."],
  "Service level": ["Servicelevel", "Der Anteil der Gespräche, die innerhalb des Ziels der Warteschlange angenommen wurden."],
  Skill: ["Fähigkeit", "Etwas, das eine Person kann und ein Gespräch verlangen mag, mit einer Kenntnisstufe von 0 bis 5."],
  Station: ["Station", "Wo eine Person angerufen wird: ein Browser oder ein Telefon."],
  Trunk: ["Trunk", "Ein Anbieter oder eine Telefonanlage, die anrufen darf, an ihren Adressen erkannt."],
  "Wrap-up code": ["Abschlusscode", "Worum es in einem Gespräch ging, aus der Sicht der Person, die es führte."],
};
