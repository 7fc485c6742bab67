import type { ReasonSaying, Words } from "./words.ts";

const closed: ReasonSaying["guest"] = {
  line: "Diese Spur ist geschlossen.",
  next: "Bitte nehmen Sie eine andere Spur.",
};
const askStaff = "Bitte fragen Sie das Personal.";
const showAgain = "Öffnen Sie Ihren Pass und zeigen Sie ihn.";
const online = "Terminal mit dem Internet verbinden.";
const booking = "Nicht einlassen. Buchung nachsehen.";

/** German. */
export const german: Words = {
  locale: "de",
  states: {
    idle: {
      headline: "Pass bitte vorzeigen",
      guest: { line: "Halten Sie Ihr Telefon an den Leser", next: "oder zeigen Sie den Code." },
      staff: { line: "Die Spur wartet auf einen Pass.", next: "Nichts zu tun." },
    },
    reading: {
      headline: "Bitte stillhalten",
      guest: { line: "Ihr Pass wird gelesen.", next: "Bis zum Ton stillhalten." },
      staff: { line: "Ein Pass wird gelesen.", next: "Antwort abwarten." },
    },
    checking: {
      headline: "Wird geprüft",
      guest: { line: "Ihr Pass wird geprüft.", next: "Einen Moment, bitte." },
      staff: { line: "Der Pass ist gelesen und wird geprüft.", next: "Antwort abwarten." },
    },
    asking: {
      headline: "Einen Moment",
      guest: { line: "Die Kasse wird gefragt.", next: "Bitte warten Sie hier." },
      staff: { line: "Die Kasse muss über diesen Pass entscheiden.", next: "An der Kasse antworten." },
    },
    accepted: {
      headline: "Angenommen",
      guest: { line: "Ihr Pass ist gültig.", next: "Bitte gehen Sie weiter." },
      staff: { line: "Der Pass ist angenommen und verbucht.", next: "Gast durchlassen." },
    },
    rejected: {
      headline: "Nicht angenommen",
      guest: { line: "Dieser Pass wird nicht angenommen.", next: askStaff },
      staff: { line: "Der Pass ist abgelehnt und verbucht.", next: "Den Grund im Ereignis nachsehen." },
    },
    attention: {
      headline: "Personal fragen",
      guest: { line: "Hier wird das Personal gebraucht.", next: "Bitte warten Sie einen Moment." },
      staff: { line: "Ein Gast braucht Sie an dieser Spur.", next: "Den Grund im Ereignis nachsehen." },
    },
    out_of_order: {
      headline: "Spur geschlossen",
      guest: closed,
      staff: { line: "Diese Spur kann nicht entscheiden.", next: "Die Zustände des Agenten ansehen." },
    },
  },
  reasons: {
    ok: {
      guest: { line: "Ihr Pass ist gültig.", next: "Bitte gehen Sie weiter." },
      staff: { line: "Signatur, Zeit, Status und Nutzung sind in Ordnung.", next: "Gast durchlassen." },
    },
    malformed: {
      headline: "Kein Pass",
      guest: { line: "Das ist als Pass nicht lesbar.", next: showAgain },
      staff: { line: "Gelesen wurde kein wohlgeformter Pass.", next: "Den Gast bitten, den Pass selbst zu öffnen." },
    },
    unsupported_format: {
      headline: "Kein Pass",
      guest: { line: "Diese Art Code gilt hier nicht.", next: showAgain },
      staff: {
        line: "Ein unbekannter Code oder ein unbekanntes Format.",
        next: "Den Gast bitten, den Pass selbst zu öffnen.",
      },
    },
    bad_signature: {
      guest: { line: "Dieser Pass ist nicht bestätigt.", next: askStaff },
      staff: { line: "Die Signatur ist falsch: verändert oder gefälscht.", next: booking },
    },
    unknown_reference: {
      guest: { line: "Wir kennen diesen Pass nicht.", next: askStaff },
      staff: { line: "Die Referenz gehört zu keinem Pass dieses Standorts.", next: "Buchung nachsehen." },
    },
    unknown_key: {
      guest: { line: "Wir kennen den Aussteller nicht.", next: askStaff },
      staff: {
        line: "Mit einem hier unbekannten Schlüssel signiert.",
        next: "Vertrauensdaten im Status prüfen, dann die Buchung.",
      },
    },
    key_compromised: {
      guest: { line: "Dieser Pass muss ersetzt werden.", next: askStaff },
      staff: {
        line: "Sein Schlüssel wurde als kompromittiert zurückgezogen.",
        next: "Buchung nachsehen, neuen Pass ausstellen.",
      },
    },
    key_not_valid: {
      guest: { line: "Dieser Pass ist nicht gültig.", next: askStaff },
      staff: { line: "Sein Schlüssel war nicht in Kraft.", next: "Buchung nachsehen, neuen Pass ausstellen." },
    },
    wrong_tenant: {
      headline: "Nicht von hier",
      guest: {
        line: "Dieser Pass gehört zu einer anderen Firma.",
        next: "Zeigen Sie den Pass, den Sie von uns haben.",
      },
      staff: { line: "Der Pass stammt von einem anderen Mandanten.", next: "Nach dem richtigen Pass fragen." },
    },
    wrong_environment: {
      headline: "Testpass",
      guest: { line: "Dieser Pass ist nur zum Testen.", next: "Bitte zeigen Sie Ihren echten Pass." },
      staff: { line: "Ein Testpass an einem echten Terminal.", next: "Nicht einlassen. Nach dem echten Pass fragen." },
    },
    not_yet_valid: {
      headline: "Zu früh",
      guest: { line: "Dieser Pass gilt noch nicht.", next: "Datum und Uhrzeit stehen auf dem Pass." },
      staff: { line: "Der Pass beginnt später.", next: "Den Gast bitten, zur Zeit auf dem Pass zu kommen." },
    },
    expired: {
      headline: "Abgelaufen",
      guest: { line: "Dieser Pass gilt nicht mehr.", next: askStaff },
      staff: { line: "Der Pass ist abgelaufen.", next: "Bei Widerspruch die Buchung nachsehen." },
    },
    revoked: {
      headline: "Storniert",
      guest: { line: "Dieser Pass wurde storniert.", next: askStaff },
      staff: { line: "Der Aussteller hat den Pass widerrufen.", next: "Vor dem Einlass den Grund nachsehen." },
    },
    suspended: {
      headline: "Gesperrt",
      guest: { line: "Dieser Pass ist zurzeit gesperrt.", next: askStaff },
      staff: { line: "Der Aussteller hat den Pass vorerst gesperrt.", next: "Vor dem Einlass den Grund nachsehen." },
    },
    status_out_of_range: {
      guest: { line: "Dieser Pass ist nicht bestätigt.", next: askStaff },
      staff: { line: "Seine Nummer liegt außerhalb der signierten Liste.", next: booking },
    },
    rotation_replayed: {
      headline: "Alter Code",
      guest: { line: "Dieser Code wurde schon gezeigt.", next: "Öffnen Sie den Pass selbst, kein Bild." },
      staff: {
        line: "Ein wechselnder Code wurde zweimal gezeigt.",
        next: "Den Gast bitten, den echten Pass zu öffnen.",
      },
    },
    rotation_expired: {
      headline: "Alter Code",
      guest: { line: "Dieser Code ist zu alt.", next: "Öffnen Sie den Pass neu." },
      staff: {
        line: "Der wechselnde Code liegt außerhalb seiner Zeit.",
        next: "Den Gast bitten, den echten Pass zu öffnen.",
      },
    },
    trust_missing: {
      guest: { line: "Hier kann noch nicht geprüft werden.", next: askStaff },
      staff: { line: "Dieses Terminal hat noch keine Vertrauensdaten.", next: "Einmal mit dem Internet verbinden." },
    },
    trust_expired: {
      guest: { line: "Wir können gerade nicht prüfen.", next: askStaff },
      staff: { line: "Die Vertrauensdaten sind zu alt zum Entscheiden.", next: online },
    },
    status_unknown: {
      guest: { line: "Dieser Pass ist gerade nicht prüfbar.", next: askStaff },
      staff: { line: "Die Statusliste dieses Passes fehlt.", next: online },
    },
    clock_untrusted: {
      guest: { line: "Wir können gerade nicht prüfen.", next: askStaff },
      staff: { line: "Der Uhr des Terminals ist nicht zu trauen.", next: "Terminal verbinden oder die Zeit stellen." },
    },
    unverified_reference: {
      guest: { line: "Dieser Pass braucht eine Verbindung.", next: askStaff },
      staff: {
        line: "Nur eine Referenz, die niemand bestätigen konnte.",
        next: "Terminal verbinden oder Buchung nachsehen.",
      },
    },
    rotation_unverifiable: {
      guest: { line: "Dieser Code ist gerade nicht prüfbar.", next: askStaff },
      staff: { line: "Kein Schlüssel oder keine sichere Zeit für den Code.", next: online },
    },
    no_pass: {
      headline: "Kein Pass gefunden",
      guest: { line: "Es war kein Pass zu lesen.", next: "Erst den Pass öffnen, dann hierhalten." },
      staff: { line: "Telefon oder Tag bot keinen Pass an.", next: "Den Gast bitten, den Pass zu öffnen." },
    },
    read_interrupted: {
      headline: "Bitte nochmals",
      guest: { line: "Es war zu früh wieder weg.", next: "Bis zum Ton stillhalten." },
      staff: { line: "Der Pass verließ den Leser beim Lesen.", next: "Den Gast nochmals vorzeigen lassen." },
    },
    read_timeout: {
      headline: "Bitte nochmals",
      guest: { line: "Das Lesen hat zu lange gedauert.", next: "Bis zum Ton stillhalten." },
      staff: { line: "Der Pass antwortete dem Leser nicht rechtzeitig.", next: "Den Gast nochmals vorzeigen lassen." },
    },
    frame_too_long: {
      headline: "Kein Pass",
      guest: { line: "Dieser Code ist zu lang für einen Pass.", next: showAgain },
      staff: { line: "Mehr gescannt, als ein Pass enthält.", next: "Wenn es sich wiederholt: Scanner prüfen." },
    },
    card_unsupported: {
      headline: "Nicht unterstützt",
      guest: { line: "Diese Art Karte ist hier nicht lesbar.", next: "Nehmen Sie den Pass auf Ihrem Telefon." },
      staff: { line: "Der Leser kann mit dieser Karte nicht sprechen.", next: "Stattdessen den Code scannen." },
    },
    reader_fault: {
      headline: "Bitte nochmals",
      guest: { line: "Der Leser hatte ein Problem.", next: "Bitte zeigen Sie den Pass erneut." },
      staff: { line: "Der Leser ist bei diesem Lesen ausgefallen.", next: "Wenn es sich wiederholt: Leser prüfen." },
    },
    already_redeemed: {
      headline: "Schon benutzt",
      guest: { line: "Dieser Pass wurde schon benutzt.", next: askStaff },
      staff: { line: "Ein Einmalpass wurde erneut vorgezeigt.", next: "Erste Zeit und Spur mit dem Gast vergleichen." },
    },
    passback: {
      headline: "Schon drinnen",
      guest: { line: "Dieser Pass ist schon drinnen.", next: askStaff },
      staff: { line: "Der Pass ging hinein und nicht heraus.", next: "Klären, wer mit ihm hineinging." },
    },
    uses_exhausted: {
      headline: "Aufgebraucht",
      guest: { line: "Dieser Pass ist aufgebraucht.", next: askStaff },
      staff: { line: "Der Pass hat keine Nutzung mehr.", next: "Einen neuen verkaufen oder ausstellen." },
    },
    wrong_place: {
      headline: "Anderer Eingang",
      guest: { line: "Dieser Pass gilt an einem anderen Eingang.", next: "Der Eingang steht auf Ihrem Pass." },
      staff: { line: "Der Pass gilt nicht an diesem Ort.", next: "Den Gast zum richtigen Eingang schicken." },
    },
    outside_hours: {
      headline: "Nicht jetzt",
      guest: { line: "Dieser Pass gilt nicht um diese Zeit.", next: "Die Zeiten stehen auf Ihrem Pass." },
      staff: { line: "Außerhalb der Zeiten dieses Passes.", next: "Den Gast bitten, zur Zeit zu kommen." },
    },
    over_capacity: {
      headline: "Voll",
      guest: { line: "Gerade ist kein Platz frei.", next: "Bitte warten Sie hier." },
      staff: { line: "Der Ort ist voll.", next: "Wieder einlassen, wenn Gäste gehen." },
    },
    pos_declined: {
      guest: { line: "Die Kasse nimmt diesen Pass nicht an.", next: askStaff },
      staff: { line: "Die Kasse hat abgelehnt.", next: "Den Grund an der Kasse nachsehen." },
    },
    pos_silent: {
      guest: { line: "Die Kasse hat nicht geantwortet.", next: askStaff },
      staff: { line: "Die Kasse antwortete nicht rechtzeitig.", next: "Kasse prüfen, dann erneut vorzeigen." },
    },
    venue_unreachable: {
      guest: { line: "Dieser Pass ist gerade nicht prüfbar.", next: askStaff },
      staff: { line: "Die anderen Spuren sind nicht erreichbar.", next: "Das örtliche Netz prüfen." },
    },
    lane_closed: {
      headline: "Spur geschlossen",
      guest: closed,
      staff: { line: "Das Personal hat die Spur geschlossen.", next: "Wieder öffnen, wenn Sie bereit sind." },
    },
    unrecorded: {
      guest: { line: "Dieser Pass ließ sich nicht verbuchen.", next: "Bitte warten Sie auf das Personal." },
      staff: {
        line: "Der Speicher ist ausgefallen; nichts ist verbucht.",
        next: "Hier nicht einlassen. Datenträger prüfen.",
      },
    },
    refunded: {
      guest: { line: "Der Betrag wurde erstattet.", next: askStaff },
      staff: { line: "Zu einem früheren Scan ging Geld zurück.", next: "Den Beleg an der Kasse nachsehen." },
    },
    amended: {
      guest: { line: "Der Verkauf wurde berichtigt.", next: askStaff },
      staff: { line: "Betrag oder Beleg eines Scans wurde berichtigt.", next: "Den Beleg an der Kasse nachsehen." },
    },
    reserved: {
      headline: "Einen Moment",
      guest: { line: "Dieser Pass wird gerade woanders geprüft.", next: "Warten Sie dort auf die Antwort." },
      staff: { line: "Eine andere Kasse entscheidet gerade.", next: "Antwort abwarten, dann erneut zeigen lassen." },
    },
    annulled: {
      guest: { line: "Das wurde zurückgenommen.", next: askStaff },
      staff: { line: "Ein Scan wurde zurückgenommen.", next: "Der Pass darf erneut gezeigt werden." },
    },
    override: {
      guest: { line: "Unser Personal lässt Sie ein.", next: "Bitte gehen Sie durch." },
      staff: { line: "Gegen die Antwort angenommen.", next: "Gast durchlassen." },
    },
    emergency_open: {
      headline: "Bitte durchgehen",
      guest: { line: "Diese Spur ist für alle offen.", next: "Bitte gehen Sie durch." },
      staff: { line: "Notfall: Die Spur lässt alle durch.", next: "Schließen, wenn es vorbei ist." },
    },
    training: {
      guest: { line: "Hier wird gerade geübt.", next: askStaff },
      staff: { line: "Übung: Hier zählt nichts.", next: "Beenden, bevor Gäste kommen." },
    },
    reader_absent: {
      guest: closed,
      staff: { line: "Kein Leser ist angeschlossen.", next: "Den Leser einstecken." },
    },
    service_absent: {
      guest: closed,
      staff: { line: "Der NFC-Dienst läuft nicht.", next: "pcscd starten." },
    },
    permission_denied: {
      guest: closed,
      staff: { line: "Der Agent darf den Leser nicht öffnen.", next: "Gruppen und Regeln prüfen." },
    },
    reader_busy: {
      guest: closed,
      staff: { line: "Ein anderes Programm hält den Leser.", next: "Das Programm beenden." },
    },
    reader_unsupported: {
      guest: closed,
      staff: { line: "Art oder Betriebsart des Lesers passt nicht.", next: "Betriebsart und Treiber prüfen." },
    },
    reader_failure: {
      guest: closed,
      staff: { line: "Der Leser arbeitet nicht mehr.", next: "Abziehen und wieder einstecken." },
    },
    reader_fallback: {
      guest: { line: "Wir können Ihren Pass lesen.", next: "Bitte wie gewohnt weiter." },
      staff: {
        line: "Ein anderer Treiber als der eingestellte liest die Pässe.",
        next: "Siehe Abhilfe bei den Meldungen des Agenten.",
      },
    },
    reader_limited: {
      guest: { line: "Wir können Ihren Pass lesen.", next: "Bitte wie gewohnt weiter." },
      staff: {
        line: "Der Leser liest, doch eine Zugabe wie sein Licht fehlt.",
        next: "Siehe Abhilfe bei den Meldungen des Agenten.",
      },
    },
    config_refused: {
      guest: { line: "Wir arbeiten mit früheren Einstellungen.", next: "Bitte wie gewohnt weiter." },
      staff: { line: "Neue Einstellungen taugten nicht und sind zurückgenommen.", next: "Im Dashboard berichtigen." },
    },
    terminal_locked: {
      guest: closed,
      staff: {
        line: "Dieses Terminal wurde an ein anderes übergeben.",
        next: "Das neue benutzen, oder: pass-agent move.",
      },
    },
    not_enrolled: {
      guest: closed,
      staff: { line: "Dieses Terminal ist nicht angemeldet.", next: "Den Anmelde-QR-Code hier scannen." },
    },
    trust_stale: {
      guest: { line: "Wir arbeiten mit älteren Daten.", next: "Bitte wie gewohnt weiter." },
      staff: {
        line: "Die Vertrauensdaten sind alt; es wird weiter entschieden.",
        next: "Das Terminal bald verbinden.",
      },
    },
    trust_refused: {
      guest: { line: "Wir arbeiten mit älteren Daten.", next: "Bitte wie gewohnt weiter." },
      staff: {
        line: "Neue Vertrauensdaten wurden abgelehnt; die alten gelten.",
        next: "Melden: Signatur oder Version ist falsch.",
      },
    },
    clock_blocks_tls: {
      guest: { line: "Wir arbeiten ohne Internet.", next: "Bitte wie gewohnt weiter." },
      staff: {
        line: "Die falsche Uhr sperrt die Cloud; Scans bleiben erhalten.",
        next: "Die Uhr des Terminals stellen.",
      },
    },
    cloud_unreachable: {
      guest: { line: "Wir arbeiten ohne Internet.", next: "Bitte wie gewohnt weiter." },
      staff: { line: "Die Cloud antwortet nicht; Scans bleiben erhalten.", next: "Die Internetverbindung prüfen." },
    },
    credential_refused: {
      guest: { line: "Wir arbeiten ohne Internet.", next: "Bitte wie gewohnt weiter." },
      staff: { line: "Die Cloud weist das Terminal ab; Scans bleiben erhalten.", next: "Das Terminal neu anmelden." },
    },
    storage_failed: {
      guest: closed,
      staff: {
        line: "Der Datenträger ist ausgefallen; nichts wird verbucht.",
        next: "Datenträger und freien Platz prüfen.",
      },
    },
    disk_low: {
      guest: { line: "Wir arbeiten wie gewohnt.", next: "Bitte weiter." },
      staff: { line: "Der Datenträger wird voll.", next: "Bald den freien Platz ansehen." },
    },
    store_log_long: {
      guest: { line: "Wir arbeiten wie gewohnt.", next: "Bitte weiter." },
      staff: { line: "Das Protokoll der Datenbank ist zu lang.", next: "Dem Support melden." },
    },
    store_set_aside: {
      guest: { line: "Wir arbeiten wie gewohnt.", next: "Bitte weiter." },
      staff: { line: "Eine beschädigte Datenbank liegt beiseite.", next: "Den Status ansehen." },
    },
    journal_forked: {
      guest: { line: "Wir arbeiten wie gewohnt.", next: "Bitte weiter." },
      staff: { line: "Zwei Geräte schreiben dasselbe Protokoll.", next: "Status ansehen; das andere anhalten." },
    },
    redemptions_lost: {
      guest: { line: "Wir arbeiten wie gewohnt.", next: "Bitte weiter." },
      staff: { line: "Ein Teil der eingelösten Pässe ist vergessen.", next: "Status ansehen; Einlass entscheiden." },
    },
    wallet_key_unusable: {
      guest: { line: "Wir arbeiten wie gewohnt.", next: "Bitte weiter." },
      staff: { line: "Der Schlüssel einer Wallet ist unbrauchbar.", next: "Die Datei steht im Status." },
    },
    wallet_key_unknown: {
      guest: { line: "Wir arbeiten wie gewohnt.", next: "Bitte weiter." },
      staff: { line: "Ein Pass braucht einen anderen Schlüssel.", next: "Die Schlüssel im Status ansehen." },
    },
    webhook_failing: {
      guest: { line: "Wir arbeiten wie gewohnt.", next: "Bitte weiter." },
      staff: { line: "Ein Empfänger nimmt die Scans nicht an.", next: "Die Webhooks im Status ansehen." },
    },
    late_revocation: {
      guest: { line: "Wir arbeiten wie gewohnt.", next: "Bitte weiter." },
      staff: { line: "Ein Pass wurde nach der Annahme widerrufen.", next: "Die neuesten Ereignisse ansehen." },
    },
    dead_letters: {
      guest: { line: "Wir arbeiten wie gewohnt.", next: "Bitte weiter." },
      staff: { line: "Die Cloud hat Scans endgültig abgelehnt.", next: "Den Postausgang ansehen." },
    },
  },
  guidance: {
    hold_still: {
      headline: "Bitte stillhalten",
      guest: { line: "Ihr Pass wird gelesen.", next: "Bis zum Ton stillhalten." },
      staff: { line: "Der Pass bewegt sich zu sehr.", next: "Den Gast bitten, stillzuhalten." },
    },
    unlock_phone: {
      headline: "Telefon entsperren",
      guest: { line: "Ihr Telefon ist gesperrt.", next: "Entsperren und hierhalten." },
      staff: { line: "Das Telefon will erst entsperrt werden.", next: "Den Gast darum bitten." },
    },
    choose_pass: {
      headline: "Pass auswählen",
      guest: { line: "Es gibt mehr als einen Pass.", next: "Wählen Sie einen auf dem Telefon." },
      staff: { line: "Das Telefon bietet mehrere Pässe an.", next: "Den Gast bitten, einen zu wählen." },
    },
    one_at_a_time: {
      headline: "Nur eines, bitte",
      guest: { line: "Mehr als eine Karte oder ein Telefon.", next: "Halten Sie nur eines an den Leser." },
      staff: { line: "Mehrere Karten oder Telefone im Feld.", next: "Nur eines verlangen." },
    },
    no_pass: {
      headline: "Kein Pass gefunden",
      guest: { line: "Es war kein Pass zu lesen.", next: "Erst den Pass öffnen, dann hierhalten." },
      staff: { line: "Telefon oder Tag bot keinen Pass an.", next: "Den Gast bitten, den Pass zu öffnen." },
    },
    try_again: {
      headline: "Bitte nochmals",
      guest: { line: "Das hat nicht geklappt.", next: "Bitte zeigen Sie den Pass erneut." },
      staff: { line: "Das Lesen ist misslungen.", next: "Den Gast nochmals vorzeigen lassen." },
    },
    brightness: {
      headline: "Heller, bitte",
      guest: { line: "Der Bildschirm ist zu dunkel.", next: "Stellen Sie die Helligkeit höher." },
      staff: { line: "Der Bildschirm des Telefons ist zu dunkel.", next: "Den Gast um mehr Helligkeit bitten." },
    },
  },
  houseRule: {
    guest: { line: "Nach Hausregel angenommen.", next: "Bitte gehen Sie weiter." },
    staff: { line: "Nicht prüfbar; die Regel des Standorts nahm ihn an.", next: "Im Zweifel den Pass ansehen." },
  },
  realPass: {
    headline: "Echter Pass",
    guest: { line: "Dieses Terminal ist nur zum Testen.", next: "Bitte nehmen Sie eine andere Spur." },
    staff: { line: "Ein echter Pass an einem Testterminal.", next: "Ein echtes Terminal benutzen." },
  },
  offline: {
    headline: "Nicht verbunden",
    guest: { line: "Diese Spur ist außer Betrieb.", next: "Sie kommt von selbst zurück." },
    staff: { line: "Die Seite hat den Agenten verloren.", next: "Prüfen, ob der Agent läuft." },
  },
  firstUse: { whenAndWhere: "Zuerst benutzt {when}, {where}", when: "Zuerst benutzt {when}" },
  nextUse: "Wieder gültig ab {when}.",
  page: {
    test: "TEST — nicht für echte Pässe",
    special: { emergency: "NOTFALL — Spur für alle offen", training: "ÜBUNG — hier zählt nichts" },
    degraded: "Alte Vertrauensdaten",
    muted: "Ton ist aus. Zum Einschalten hier tippen.",
    noScript: "Diese Seite braucht JavaScript.",
    lanes: "Spuren",
    noSuchLane: "Es gibt keine Spur „{lane}“.",
    chooseLane: "Wählen Sie eine Spur:",
    noLanes: "Dieser Agent hat keine Spuren.",
    camera: {
      label: "Kamera",
      says: {
        asking: "Die Kamera startet. Bitte erlauben, falls der Browser fragt.",
        on: "Code vor die Kamera halten",
        denied: "Der Browser sperrt die Kamera. Bitte in den Website-Einstellungen für diese Seite erlauben.",
        missing: "Keine Kamera gefunden. Bitte eine anschließen.",
        taken: "Ein anderes Programm benutzt die Kamera. Bitte dieses Programm schließen.",
        unsafe: "Der Browser erlaubt eine Kamera nur auf 127.0.0.1 oder localhost. Bitte die Seite dort öffnen.",
        lost: "Die Kamera wurde abgezogen. Bitte wieder anschließen.",
        dark: "Die Kamera sendet kein Bild. Bitte Abdeckung und Kabel prüfen.",
        agent: "Der Agent nimmt keine Bilder an. Es geht von selbst weiter.",
      },
    },
    demo: "Demo",
    demoPayload: "Code oder Text eines Passes",
    demoPresent: "Vorzeigen",
    demoRunning: "Läuft …",
    demoFailed: "Der Agent hat nicht geantwortet.",
    demoSettled: { accepted: "Angenommen", rejected: "Abgelehnt" },
  },
};
