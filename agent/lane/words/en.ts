import type { ReasonSaying, Words } from "./words.ts";

const closed: ReasonSaying["guest"] = { line: "This lane is closed.", next: "Please use another lane." };
const askStaff = "Please ask the staff.";

/** English, the fallback for every other language. */
export const english: Words = {
  locale: "en",
  states: {
    idle: {
      headline: "Present your pass",
      guest: { line: "Hold your phone to the reader", next: "or show the code to the scanner." },
      staff: { line: "The lane waits for a pass.", next: "Nothing to do." },
    },
    reading: {
      headline: "Hold still",
      guest: { line: "Reading your pass.", next: "Keep it there until the tone." },
      staff: { line: "A pass is being read.", next: "Wait for the answer." },
    },
    checking: {
      headline: "Checking",
      guest: { line: "Checking your pass.", next: "One moment, please." },
      staff: { line: "The pass is read and being verified.", next: "Wait for the answer." },
    },
    asking: {
      headline: "One moment",
      guest: { line: "The till is being asked.", next: "Please wait here." },
      staff: { line: "The till has to answer for this pass.", next: "Answer at the till." },
    },
    accepted: {
      headline: "Accepted",
      guest: { line: "Your pass is good.", next: "Please go ahead." },
      staff: { line: "The pass was accepted and recorded.", next: "Let the guest through." },
    },
    rejected: {
      headline: "Not accepted",
      guest: { line: "This pass is not accepted.", next: askStaff },
      staff: { line: "The pass was refused and recorded.", next: "Open the event for the reason." },
    },
    attention: {
      headline: "Ask staff",
      guest: { line: "We need a member of staff here.", next: "Please wait a moment." },
      staff: { line: "A guest needs you at this lane.", next: "Open the event for the reason." },
    },
    out_of_order: {
      headline: "Lane closed",
      guest: closed,
      staff: { line: "This lane cannot decide on passes.", next: "Look at the conditions in the agent's status." },
    },
  },
  reasons: {
    ok: {
      guest: { line: "Your pass is good.", next: "Please go ahead." },
      staff: { line: "Signature, time, status and use are in order.", next: "Let the guest through." },
    },
    malformed: {
      headline: "Not a pass",
      guest: { line: "We cannot read this as a pass.", next: "Open your pass and show it again." },
      staff: { line: "What was read is not a well-formed pass.", next: "Ask the guest to open the pass itself." },
    },
    unsupported_format: {
      headline: "Not a pass",
      guest: { line: "This kind of code is not used here.", next: "Open your pass and show it again." },
      staff: { line: "A code or format this agent does not know.", next: "Ask the guest to open the pass itself." },
    },
    bad_signature: {
      guest: { line: "This pass could not be confirmed.", next: askStaff },
      staff: {
        line: "The signature is wrong: the pass was altered or forged.",
        next: "Do not admit. Look up the booking.",
      },
    },
    unknown_reference: {
      guest: { line: "We do not know this pass.", next: askStaff },
      staff: { line: "The reference belongs to no pass of this site.", next: "Look up the booking." },
    },
    unknown_key: {
      guest: { line: "We do not know who issued this pass.", next: askStaff },
      staff: {
        line: "Signed by a key this terminal does not know.",
        next: "Check the trust data in the status, then the booking.",
      },
    },
    key_compromised: {
      guest: { line: "This pass has to be replaced.", next: askStaff },
      staff: {
        line: "The key that signed it was withdrawn as compromised.",
        next: "Look up the booking and issue a new pass.",
      },
    },
    key_not_valid: {
      guest: { line: "This pass is not valid.", next: askStaff },
      staff: { line: "The key that signed it was not in force.", next: "Look up the booking and issue a new pass." },
    },
    wrong_tenant: {
      headline: "Not for here",
      guest: { line: "This pass belongs to another company.", next: "Show the pass you got from us." },
      staff: { line: "The pass was issued by another tenant.", next: "Ask for the right pass." },
    },
    wrong_environment: {
      headline: "Test pass",
      guest: { line: "This pass is only for testing.", next: "Please show your real pass." },
      staff: { line: "A sandbox pass at a live terminal.", next: "Do not admit. Ask for the real pass." },
    },
    not_yet_valid: {
      headline: "Too early",
      guest: { line: "This pass is not valid yet.", next: "Check the date and time on it." },
      staff: { line: "The pass starts later.", next: "Ask the guest to come back at the time on the pass." },
    },
    expired: {
      headline: "Expired",
      guest: { line: "This pass is no longer valid.", next: askStaff },
      staff: { line: "The pass ended before now.", next: "Look up the booking if the guest disagrees." },
    },
    revoked: {
      headline: "Cancelled",
      guest: { line: "This pass was cancelled.", next: askStaff },
      staff: { line: "The issuer revoked this pass.", next: "Look up why before you admit." },
    },
    suspended: {
      headline: "On hold",
      guest: { line: "This pass is on hold.", next: askStaff },
      staff: { line: "The issuer suspended this pass for now.", next: "Look up why before you admit." },
    },
    status_out_of_range: {
      guest: { line: "This pass could not be confirmed.", next: askStaff },
      staff: { line: "Its number lies outside the signed status list.", next: "Do not admit. Look up the booking." },
    },
    rotation_replayed: {
      headline: "Old code",
      guest: { line: "This code was shown before.", next: "Open the pass itself, not a picture." },
      staff: { line: "A rotating code was presented a second time.", next: "Ask the guest to open the live pass." },
    },
    rotation_expired: {
      headline: "Old code",
      guest: { line: "This code is too old.", next: "Open the pass again for a new one." },
      staff: { line: "The rotating code is outside its time window.", next: "Ask the guest to open the live pass." },
    },
    trust_missing: {
      guest: { line: "We cannot check passes here yet.", next: askStaff },
      staff: { line: "No trust data has arrived at this terminal.", next: "Connect it to the internet once." },
    },
    trust_expired: {
      guest: { line: "We cannot check passes right now.", next: askStaff },
      staff: { line: "The trust data is too old to decide with.", next: "Bring the terminal online." },
    },
    status_unknown: {
      guest: { line: "We cannot check this pass right now.", next: askStaff },
      staff: { line: "The status list of this pass is missing.", next: "Bring the terminal online." },
    },
    clock_untrusted: {
      guest: { line: "We cannot check passes right now.", next: askStaff },
      staff: { line: "The terminal's clock cannot be trusted.", next: "Bring it online or set the time." },
    },
    unverified_reference: {
      guest: { line: "This pass needs a connection.", next: askStaff },
      staff: {
        line: "Only a reference was read, and nobody could confirm it.",
        next: "Bring the terminal online or look up the booking.",
      },
    },
    rotation_unverifiable: {
      guest: { line: "We cannot check this code right now.", next: askStaff },
      staff: { line: "No key or no trusted time for the rotating code.", next: "Bring the terminal online." },
    },
    no_pass: {
      headline: "No pass found",
      guest: { line: "There was no pass to read.", next: "Open your pass, then hold it here." },
      staff: { line: "The phone or tag offered no pass.", next: "Ask the guest to open the pass." },
    },
    read_interrupted: {
      headline: "Try again",
      guest: { line: "It moved away too soon.", next: "Hold it still until the tone." },
      staff: { line: "The pass left the reader during reading.", next: "Let the guest present it again." },
    },
    read_timeout: {
      headline: "Try again",
      guest: { line: "Reading took too long.", next: "Hold it still until the tone." },
      staff: { line: "The pass did not answer the reader in time.", next: "Let the guest present it again." },
    },
    frame_too_long: {
      headline: "Not a pass",
      guest: { line: "This code is too long for a pass.", next: "Open your pass and show it again." },
      staff: { line: "More was scanned than any pass holds.", next: "Check the scanner if this repeats." },
    },
    card_unsupported: {
      headline: "Not supported",
      guest: { line: "We cannot read this kind of card.", next: "Please use the pass on your phone." },
      staff: { line: "A card or phone this reader cannot talk to.", next: "Scan the code instead." },
    },
    reader_fault: {
      headline: "Try again",
      guest: { line: "The reader had a problem.", next: "Please present your pass again." },
      staff: { line: "The reader failed during this reading.", next: "Look at the reader's state if this repeats." },
    },
    already_redeemed: {
      headline: "Already used",
      guest: { line: "This pass was used before.", next: askStaff },
      staff: {
        line: "A single-use pass presented again.",
        next: "Compare the first time and lane with the guest's story.",
      },
    },
    passback: {
      headline: "Already inside",
      guest: { line: "This pass is already inside.", next: askStaff },
      staff: { line: "The pass entered and has not left.", next: "Check who came in with it." },
    },
    uses_exhausted: {
      headline: "Used up",
      guest: { line: "Every use of this pass is spent.", next: askStaff },
      staff: { line: "The pass has no uses left.", next: "Sell or issue another." },
    },
    wrong_place: {
      headline: "Wrong entrance",
      guest: { line: "This pass is for another entrance.", next: "Look at the entrance on your pass." },
      staff: { line: "The pass is not good at this place.", next: "Direct the guest to the right entrance." },
    },
    outside_hours: {
      headline: "Not now",
      guest: { line: "This pass is not good at this hour.", next: "Look at the times on your pass." },
      staff: { line: "Outside the hours of this pass.", next: "Ask the guest to come back in time." },
    },
    over_capacity: {
      headline: "Full",
      guest: { line: "There is no room right now.", next: "Please wait here." },
      staff: { line: "The place has reached its capacity.", next: "Admit again when guests leave." },
    },
    pos_declined: {
      guest: { line: "The till did not accept this pass.", next: askStaff },
      staff: { line: "The till declined.", next: "Look at the till for the reason." },
    },
    pos_silent: {
      guest: { line: "The till did not answer.", next: askStaff },
      staff: { line: "The till gave no answer in time.", next: "Check the till, then present again." },
    },
    venue_unreachable: {
      guest: { line: "We cannot check this pass right now.", next: askStaff },
      staff: { line: "The other lanes cannot be reached.", next: "Check the local network." },
    },
    lane_closed: {
      headline: "Lane closed",
      guest: closed,
      staff: { line: "The lane was closed by staff.", next: "Open it again when you are ready." },
    },
    unrecorded: {
      guest: { line: "We could not record this pass.", next: "Please wait for the staff." },
      staff: { line: "The storage failed; nothing is recorded.", next: "Do not admit by this lane. Check the disk." },
    },
    refunded: {
      guest: { line: "The amount was given back.", next: askStaff },
      staff: { line: "Money went back for an earlier scan.", next: "Look at the till for the receipt." },
    },
    amended: {
      guest: { line: "The sale was corrected.", next: askStaff },
      staff: { line: "Amount or receipt of a scan was corrected.", next: "Look at the till for the receipt." },
    },
    reserved: {
      headline: "One moment",
      guest: { line: "This pass is being used elsewhere.", next: "Wait for the answer there." },
      staff: { line: "Another till is deciding about this pass.", next: "Wait for its answer, then present again." },
    },
    annulled: {
      guest: { line: "This was taken back.", next: askStaff },
      staff: { line: "An accepted scan was taken back.", next: "The pass may be presented again." },
    },
    override: {
      guest: { line: "Our staff let you in.", next: "Please go ahead." },
      staff: { line: "Somebody accepted it against the answer.", next: "Let the guest through." },
    },
    emergency_open: {
      headline: "Go through",
      guest: { line: "This lane is open for everybody.", next: "Please go ahead." },
      staff: { line: "Emergency: the lane lets everybody through.", next: "Close it when it is over." },
    },
    training: {
      guest: { line: "This lane is for practice now.", next: askStaff },
      staff: { line: "Training: nothing counts at this lane.", next: "End it before guests come." },
    },
    reader_absent: {
      guest: closed,
      staff: { line: "No reader is connected.", next: "Plug the reader in." },
    },
    service_absent: {
      guest: closed,
      staff: { line: "The NFC service does not run.", next: "Start pcscd." },
    },
    permission_denied: {
      guest: closed,
      staff: { line: "The agent may not open the reader.", next: "Check its groups and rules." },
    },
    reader_busy: {
      guest: closed,
      staff: { line: "Another program holds the reader.", next: "Stop that program." },
    },
    reader_unsupported: {
      guest: closed,
      staff: { line: "The reader is of a kind or in a mode we cannot use.", next: "Check its mode and driver." },
    },
    reader_failure: {
      guest: closed,
      staff: { line: "The reader stopped working.", next: "Unplug it and plug it in again." },
    },
    reader_fallback: {
      guest: { line: "We can read your pass.", next: "Please go on as usual." },
      staff: {
        line: "Another driver than the configured one reads passes.",
        next: "Follow the remedy in the conditions.",
      },
    },
    reader_limited: {
      guest: { line: "We can read your pass.", next: "Please go on as usual." },
      staff: {
        line: "The reader reads, but an extra such as its light is missing.",
        next: "Follow the remedy in the conditions.",
      },
    },
    config_refused: {
      guest: { line: "We are working with earlier settings.", next: "Please go on as usual." },
      staff: { line: "New settings did not work and were taken back.", next: "Mend them in the dashboard." },
    },
    terminal_locked: {
      guest: closed,
      staff: { line: "This terminal was handed over to another one.", next: "Use the new one, or: pass-agent move." },
    },
    not_enrolled: {
      guest: closed,
      staff: { line: "This terminal is not enrolled.", next: "Scan its enrolment QR code here." },
    },
    trust_stale: {
      guest: { line: "We are working with older data.", next: "Please go on as usual." },
      staff: { line: "The trust data is past its time; decisions go on.", next: "Bring the terminal online soon." },
    },
    trust_refused: {
      guest: { line: "We are working with older data.", next: "Please go on as usual." },
      staff: {
        line: "New trust data was refused; the last good set is in use.",
        next: "Report it: a signature or version is wrong.",
      },
    },
    clock_blocks_tls: {
      guest: { line: "We are working without internet.", next: "Please go on as usual." },
      staff: { line: "A wrong clock keeps the cloud away; scans are kept.", next: "Set the terminal's clock." },
    },
    cloud_unreachable: {
      guest: { line: "We are working without internet.", next: "Please go on as usual." },
      staff: { line: "The cloud does not answer; scans are kept.", next: "Check the internet connection." },
    },
    credential_refused: {
      guest: { line: "We are working without internet.", next: "Please go on as usual." },
      staff: { line: "The cloud refuses this terminal; scans are kept.", next: "Enrol the terminal again." },
    },
    storage_failed: {
      guest: closed,
      staff: { line: "The disk failed; nothing can be recorded.", next: "Check the disk and its free space." },
    },
    disk_low: {
      guest: { line: "We are working as usual.", next: "Please go on." },
      staff: { line: "The disk is filling up.", next: "Look at its free space soon." },
    },
    store_log_long: {
      guest: { line: "We are working as usual.", next: "Please go on." },
      staff: { line: "The database's log has grown too long.", next: "Tell support." },
    },
    store_set_aside: {
      guest: { line: "We are working as usual.", next: "Please go on." },
      staff: { line: "A damaged database was set aside.", next: "Look at the status." },
    },
    journal_forked: {
      guest: { line: "We are working as usual.", next: "Please go on." },
      staff: { line: "Two boxes write the journal of this terminal.", next: "Look at the status; stop the other one." },
    },
    redemptions_lost: {
      guest: { line: "We are working as usual.", next: "Please go on." },
      staff: { line: "Part of the memory of used passes is lost.", next: "Look at the status; decide who may enter." },
    },
    wallet_key_unusable: {
      guest: { line: "We are working as usual.", next: "Please go on." },
      staff: { line: "The key of a wallet cannot be used.", next: "See the status for the file." },
    },
    wallet_key_unknown: {
      guest: { line: "We are working as usual.", next: "Please go on." },
      staff: { line: "A phone's pass needs another key.", next: "See the status for the keys." },
    },
    webhook_failing: {
      guest: { line: "We are working as usual.", next: "Please go on." },
      staff: { line: "A receiver of scans does not take them.", next: "Look at the webhooks in the status." },
    },
    late_revocation: {
      guest: { line: "We are working as usual.", next: "Please go on." },
      staff: { line: "A pass was revoked after it was accepted.", next: "Look at the newest events." },
    },
    dead_letters: {
      guest: { line: "We are working as usual.", next: "Please go on." },
      staff: { line: "The cloud refused some scans for good.", next: "Look at the outbox." },
    },
  },
  guidance: {
    hold_still: {
      headline: "Hold still",
      guest: { line: "Reading your pass.", next: "Keep it there until the tone." },
      staff: { line: "The pass moves too much to be read.", next: "Ask the guest to hold it still." },
    },
    unlock_phone: {
      headline: "Unlock your phone",
      guest: { line: "Your phone is locked.", next: "Unlock it and hold it here." },
      staff: { line: "The phone wants to be unlocked first.", next: "Ask the guest to unlock it." },
    },
    choose_pass: {
      headline: "Choose your pass",
      guest: { line: "There is more than one pass.", next: "Pick one on your phone." },
      staff: { line: "The phone offers several passes.", next: "Ask the guest to pick one." },
    },
    one_at_a_time: {
      headline: "One pass only",
      guest: { line: "There is more than one card or phone.", next: "Hold only one to the reader." },
      staff: { line: "Several cards or phones are in the field.", next: "Ask for one alone." },
    },
    no_pass: {
      headline: "No pass found",
      guest: { line: "There was no pass to read.", next: "Open your pass, then hold it here." },
      staff: { line: "The phone or tag offered no pass.", next: "Ask the guest to open the pass." },
    },
    try_again: {
      headline: "Try again",
      guest: { line: "That did not work.", next: "Please present your pass again." },
      staff: { line: "The reading failed.", next: "Let the guest present it again." },
    },
    brightness: {
      headline: "Brighter, please",
      guest: { line: "The screen is too dark to scan.", next: "Turn up the brightness." },
      staff: { line: "The phone's screen is too dark.", next: "Ask the guest to brighten it." },
    },
  },
  houseRule: {
    guest: { line: "Accepted by house rule.", next: "Please go ahead." },
    staff: {
      line: "Nobody could verify the pass; the site's policy accepted it.",
      next: "Look at the pass if in doubt.",
    },
  },
  realPass: {
    headline: "Real pass",
    guest: { line: "This terminal is only for testing.", next: "Please use another lane." },
    staff: { line: "A live pass at a sandbox terminal.", next: "Use a live terminal." },
  },
  offline: {
    headline: "Not connected",
    guest: { line: "This lane is out of service.", next: "It comes back by itself." },
    staff: { line: "The page has lost the agent.", next: "Check that the agent runs." },
  },
  firstUse: { whenAndWhere: "First used {when}, {where}", when: "First used {when}" },
  nextUse: "Good again from {when}.",
  page: {
    test: "TEST — not for real passes",
    special: { emergency: "EMERGENCY — lane open for everybody", training: "TRAINING — nothing counts" },
    degraded: "Old trust data",
    muted: "Sound is off. Touch here to turn it on.",
    noScript: "This page needs JavaScript.",
    lanes: "Lanes",
    noSuchLane: "There is no lane “{lane}”.",
    chooseLane: "Choose a lane:",
    noLanes: "This agent has no lanes.",
    camera: {
      label: "Camera",
      says: {
        asking: "The camera starts. Allow this page to use it if the browser asks.",
        on: "Hold your code before the camera",
        denied: "The browser blocks the camera. Allow it for this page in the site settings.",
        missing: "No camera is found. Plug one in.",
        taken: "Another program uses the camera. Close that program.",
        unsafe: "The browser allows a camera only on 127.0.0.1 or localhost. Open the page there.",
        lost: "The camera was unplugged. Plug it in again.",
        dark: "The camera sends no picture. Check its cover and its cable.",
        agent: "The agent takes no pictures. They go on by themselves.",
      },
    },
    demo: "Demo",
    demoPayload: "Code or pass text",
    demoPresent: "Present",
    demoRunning: "Playing …",
    demoFailed: "The agent did not answer.",
    demoSettled: { accepted: "Accepted", rejected: "Rejected" },
  },
};
