import type { ReasonSaying, Words } from "./words.ts";

const closed: ReasonSaying["guest"] = { line: "Esta fila está cerrada.", next: "Use otra fila, por favor." };
const askStaff = "Consulte al personal, por favor.";
const showAgain = "Abra su pase y muéstrelo otra vez.";
const online = "Conecte el terminal a internet.";
const booking = "No admitir. Consulte la reserva.";

/** Spanish. */
export const spanish: Words = {
  locale: "es",
  states: {
    idle: {
      headline: "Presente su pase",
      guest: { line: "Acerque el teléfono al lector", next: "o muestre el código al escáner." },
      staff: { line: "La fila espera un pase.", next: "Nada que hacer." },
    },
    reading: {
      headline: "No lo mueva",
      guest: { line: "Leyendo su pase.", next: "Manténgalo ahí hasta el tono." },
      staff: { line: "Se está leyendo un pase.", next: "Espere la respuesta." },
    },
    checking: {
      headline: "Comprobando",
      guest: { line: "Comprobando su pase.", next: "Un momento, por favor." },
      staff: { line: "El pase está leído y se está verificando.", next: "Espere la respuesta." },
    },
    asking: {
      headline: "Un momento",
      guest: { line: "Consultando a la caja.", next: "Espere aquí, por favor." },
      staff: { line: "La caja debe responder por este pase.", next: "Responda en la caja." },
    },
    accepted: {
      headline: "Aceptado",
      guest: { line: "Su pase es válido.", next: "Adelante, por favor." },
      staff: { line: "El pase fue aceptado y registrado.", next: "Deje pasar." },
    },
    rejected: {
      headline: "No aceptado",
      guest: { line: "Este pase no se acepta.", next: askStaff },
      staff: { line: "El pase fue rechazado y registrado.", next: "Abra el evento para ver el motivo." },
    },
    attention: {
      headline: "Avise al personal",
      guest: { line: "Necesitamos al personal aquí.", next: "Espere un momento, por favor." },
      staff: { line: "Un cliente le necesita en esta fila.", next: "Abra el evento para ver el motivo." },
    },
    out_of_order: {
      headline: "Fila cerrada",
      guest: closed,
      staff: { line: "Esta fila no puede decidir sobre pases.", next: "Mire las condiciones en el estado del agente." },
    },
  },
  reasons: {
    ok: {
      guest: { line: "Su pase es válido.", next: "Adelante, por favor." },
      staff: { line: "Firma, hora, estado y uso están en orden.", next: "Deje pasar." },
    },
    malformed: {
      headline: "Sin pase válido",
      guest: { line: "No se puede leer como pase.", next: showAgain },
      staff: { line: "Lo leído no es un pase bien formado.", next: "Pida que abran el pase mismo." },
    },
    unsupported_format: {
      headline: "Sin pase válido",
      guest: { line: "Este tipo de código no se usa aquí.", next: showAgain },
      staff: { line: "Un código o formato que el agente no conoce.", next: "Pida que abran el pase mismo." },
    },
    bad_signature: {
      guest: { line: "No se pudo confirmar este pase.", next: askStaff },
      staff: { line: "La firma es errónea: pase alterado o falso.", next: booking },
    },
    unknown_reference: {
      guest: { line: "No conocemos este pase.", next: askStaff },
      staff: { line: "La referencia no es de ningún pase de este sitio.", next: "Consulte la reserva." },
    },
    unknown_key: {
      guest: { line: "No conocemos a quien emitió este pase.", next: askStaff },
      staff: { line: "Firmado con una clave desconocida aquí.", next: "Revise los datos de confianza y la reserva." },
    },
    key_compromised: {
      guest: { line: "Hay que sustituir este pase.", next: askStaff },
      staff: { line: "Su clave fue retirada por estar comprometida.", next: "Consulte la reserva y emita otro pase." },
    },
    key_not_valid: {
      guest: { line: "Este pase no es válido.", next: askStaff },
      staff: { line: "Su clave no estaba en vigor.", next: "Consulte la reserva y emita otro pase." },
    },
    wrong_tenant: {
      headline: "No es aquí",
      guest: { line: "Este pase es de otra empresa.", next: "Muestre el pase que le dimos." },
      staff: { line: "El pase es de otro emisor.", next: "Pida el pase correcto." },
    },
    wrong_environment: {
      headline: "Pase de prueba",
      guest: { line: "Este pase es solo para pruebas.", next: "Muestre su pase real, por favor." },
      staff: { line: "Un pase de prueba en un terminal real.", next: "No admitir. Pida el pase real." },
    },
    not_yet_valid: {
      headline: "Demasiado pronto",
      guest: { line: "Este pase aún no es válido.", next: "Mire la fecha y la hora del pase." },
      staff: { line: "El pase empieza más tarde.", next: "Pida que vuelvan a la hora del pase." },
    },
    expired: {
      headline: "Caducado",
      guest: { line: "Este pase ya no es válido.", next: askStaff },
      staff: { line: "El pase terminó antes de ahora.", next: "Si no están de acuerdo, consulte la reserva." },
    },
    revoked: {
      headline: "Anulado",
      guest: { line: "Este pase fue anulado.", next: askStaff },
      staff: { line: "El emisor revocó este pase.", next: "Averigüe el motivo antes de admitir." },
    },
    suspended: {
      headline: "Suspendido",
      guest: { line: "Este pase está suspendido.", next: askStaff },
      staff: { line: "El emisor suspendió este pase por ahora.", next: "Averigüe el motivo antes de admitir." },
    },
    status_out_of_range: {
      guest: { line: "No se pudo confirmar este pase.", next: askStaff },
      staff: { line: "Su número está fuera de la lista firmada.", next: booking },
    },
    rotation_replayed: {
      headline: "Código antiguo",
      guest: { line: "Este código ya se mostró.", next: "Abra el pase mismo, no una foto." },
      staff: { line: "Un código cambiante se presentó dos veces.", next: "Pida que abran el pase real." },
    },
    rotation_expired: {
      headline: "Código antiguo",
      guest: { line: "Este código es demasiado antiguo.", next: "Abra el pase otra vez." },
      staff: { line: "El código cambiante está fuera de su tiempo.", next: "Pida que abran el pase real." },
    },
    trust_missing: {
      guest: { line: "Aquí aún no se puede comprobar.", next: askStaff },
      staff: { line: "El terminal no tiene datos de confianza.", next: "Conéctelo una vez a internet." },
    },
    trust_expired: {
      guest: { line: "Ahora no podemos comprobar pases.", next: askStaff },
      staff: { line: "Los datos de confianza son demasiado antiguos.", next: online },
    },
    status_unknown: {
      guest: { line: "Ahora no podemos comprobar este pase.", next: askStaff },
      staff: { line: "Falta la lista de estado de este pase.", next: online },
    },
    clock_untrusted: {
      guest: { line: "Ahora no podemos comprobar pases.", next: askStaff },
      staff: { line: "El reloj del terminal no es fiable.", next: "Conéctelo o ajuste la hora." },
    },
    unverified_reference: {
      guest: { line: "Este pase necesita conexión.", next: askStaff },
      staff: {
        line: "Solo una referencia que nadie pudo confirmar.",
        next: "Conecte el terminal o consulte la reserva.",
      },
    },
    rotation_unverifiable: {
      guest: { line: "Ahora no podemos comprobar este código.", next: askStaff },
      staff: { line: "Sin clave o sin hora fiable para el código.", next: online },
    },
    no_pass: {
      headline: "Ningún pase",
      guest: { line: "No había ningún pase que leer.", next: "Abra su pase y acérquelo aquí." },
      staff: { line: "El teléfono o la etiqueta no ofreció un pase.", next: "Pida que abran el pase." },
    },
    read_interrupted: {
      headline: "Otra vez",
      guest: { line: "Se retiró demasiado pronto.", next: "Manténgalo quieto hasta el tono." },
      staff: { line: "El pase dejó el lector durante la lectura.", next: "Pida que lo presenten otra vez." },
    },
    read_timeout: {
      headline: "Otra vez",
      guest: { line: "La lectura tardó demasiado.", next: "Manténgalo quieto hasta el tono." },
      staff: { line: "El pase no respondió a tiempo al lector.", next: "Pida que lo presenten otra vez." },
    },
    frame_too_long: {
      headline: "Sin pase válido",
      guest: { line: "Este código es demasiado largo.", next: showAgain },
      staff: { line: "Se escaneó más de lo que cabe en un pase.", next: "Si se repite, revise el escáner." },
    },
    card_unsupported: {
      headline: "No compatible",
      guest: { line: "No podemos leer esta tarjeta.", next: "Use el pase de su teléfono." },
      staff: { line: "El lector no entiende esta tarjeta o teléfono.", next: "Escanee el código." },
    },
    reader_fault: {
      headline: "Otra vez",
      guest: { line: "El lector tuvo un problema.", next: "Presente su pase otra vez." },
      staff: { line: "El lector falló en esta lectura.", next: "Si se repite, revise el lector." },
    },
    already_redeemed: {
      headline: "Ya usado",
      guest: { line: "Este pase ya se usó.", next: askStaff },
      staff: {
        line: "Un pase de un solo uso presentado otra vez.",
        next: "Compare la primera hora y fila con el cliente.",
      },
    },
    passback: {
      headline: "Ya dentro",
      guest: { line: "Este pase ya está dentro.", next: askStaff },
      staff: { line: "El pase entró y no ha salido.", next: "Averigüe quién entró con él." },
    },
    uses_exhausted: {
      headline: "Agotado",
      guest: { line: "Este pase no tiene más usos.", next: askStaff },
      staff: { line: "Al pase no le quedan usos.", next: "Venda o emita otro." },
    },
    wrong_place: {
      headline: "Otra entrada",
      guest: { line: "Este pase es para otra entrada.", next: "Mire la entrada en su pase." },
      staff: { line: "El pase no vale en este lugar.", next: "Indique la entrada correcta." },
    },
    outside_hours: {
      headline: "Ahora no",
      guest: { line: "Este pase no vale a esta hora.", next: "Mire el horario en su pase." },
      staff: { line: "Fuera del horario de este pase.", next: "Pida que vuelvan a su hora." },
    },
    over_capacity: {
      headline: "Completo",
      guest: { line: "Ahora no hay sitio.", next: "Espere aquí, por favor." },
      staff: { line: "El lugar llegó a su capacidad.", next: "Admita cuando salgan clientes." },
    },
    pos_declined: {
      guest: { line: "La caja no aceptó este pase.", next: askStaff },
      staff: { line: "La caja lo rechazó.", next: "Mire el motivo en la caja." },
    },
    pos_silent: {
      guest: { line: "La caja no respondió.", next: askStaff },
      staff: { line: "La caja no respondió a tiempo.", next: "Revise la caja y presente otra vez." },
    },
    venue_unreachable: {
      guest: { line: "Ahora no podemos comprobar este pase.", next: askStaff },
      staff: { line: "No se alcanza a las otras filas.", next: "Revise la red local." },
    },
    lane_closed: {
      headline: "Fila cerrada",
      guest: closed,
      staff: { line: "El personal cerró la fila.", next: "Ábrala cuando esté listo." },
    },
    unrecorded: {
      guest: { line: "No pudimos registrar este pase.", next: "Espere al personal, por favor." },
      staff: { line: "Falló el almacenamiento; nada se registró.", next: "No admitir aquí. Revise el disco." },
    },
    refunded: {
      guest: { line: "El importe fue devuelto.", next: askStaff },
      staff: { line: "Se devolvió dinero de un escaneo anterior.", next: "Mire el recibo en la caja." },
    },
    amended: {
      guest: { line: "La venta fue corregida.", next: askStaff },
      staff: { line: "Se corrigió importe o recibo de un escaneo.", next: "Mire el recibo en la caja." },
    },
    reserved: {
      headline: "Un momento",
      guest: { line: "Este pase se está usando en otro sitio.", next: "Espere allí la respuesta." },
      staff: { line: "Otra caja está decidiendo sobre este pase.", next: "Espere su respuesta y preséntelo de nuevo." },
    },
    annulled: {
      guest: { line: "Esto se ha anulado.", next: askStaff },
      staff: { line: "Se anuló una lectura aceptada.", next: "El pase puede presentarse de nuevo." },
    },
    override: {
      guest: { line: "Nuestro personal le deja pasar.", next: "Adelante, por favor." },
      staff: { line: "Alguien lo aceptó contra la respuesta.", next: "Deje pasar al cliente." },
    },
    emergency_open: {
      headline: "Pase, por favor",
      guest: { line: "Este acceso está abierto para todos.", next: "Adelante, por favor." },
      staff: { line: "Emergencia: el acceso deja pasar a todos.", next: "Ciérrelo cuando haya pasado." },
    },
    training: {
      guest: { line: "Aquí se está practicando.", next: askStaff },
      staff: { line: "Práctica: aquí no cuenta nada.", next: "Termínela antes de que lleguen clientes." },
    },
    reader_absent: {
      guest: closed,
      staff: { line: "No hay ningún lector conectado.", next: "Conecte el lector." },
    },
    service_absent: {
      guest: closed,
      staff: { line: "El servicio NFC no funciona.", next: "Inicie pcscd." },
    },
    permission_denied: {
      guest: closed,
      staff: { line: "El agente no puede abrir el lector.", next: "Revise sus grupos y reglas." },
    },
    reader_busy: {
      guest: closed,
      staff: { line: "Otro programa tiene el lector.", next: "Cierre ese programa." },
    },
    reader_unsupported: {
      guest: closed,
      staff: { line: "El tipo o el modo del lector no sirve.", next: "Revise su modo y controlador." },
    },
    reader_failure: {
      guest: closed,
      staff: { line: "El lector dejó de funcionar.", next: "Desconéctelo y conéctelo otra vez." },
    },
    reader_fallback: {
      guest: { line: "Podemos leer su pase.", next: "Siga como siempre." },
      staff: {
        line: "Lee los pases otro controlador que el configurado.",
        next: "Siga el remedio en los avisos del agente.",
      },
    },
    reader_limited: {
      guest: { line: "Podemos leer su pase.", next: "Siga como siempre." },
      staff: {
        line: "El lector lee, pero le falta un extra como su luz.",
        next: "Siga el remedio en los avisos del agente.",
      },
    },
    config_refused: {
      guest: { line: "Trabajamos con ajustes anteriores.", next: "Siga como siempre, por favor." },
      staff: { line: "Los ajustes nuevos fallaron y se retiraron.", next: "Corríjalos en el panel." },
    },
    terminal_locked: {
      guest: closed,
      staff: { line: "Este terminal fue relevado por otro.", next: "Use el nuevo, o: pass-agent move." },
    },
    not_enrolled: {
      guest: closed,
      staff: { line: "Este terminal no está inscrito.", next: "Escanee aquí su código QR de alta." },
    },
    trust_stale: {
      guest: { line: "Trabajamos con datos anteriores.", next: "Siga como siempre, por favor." },
      staff: { line: "Los datos de confianza son viejos; se sigue decidiendo.", next: "Conecte pronto el terminal." },
    },
    trust_refused: {
      guest: { line: "Trabajamos con datos anteriores.", next: "Siga como siempre, por favor." },
      staff: {
        line: "Se rechazaron datos de confianza nuevos; siguen los buenos.",
        next: "Avise: firma o versión errónea.",
      },
    },
    clock_blocks_tls: {
      guest: { line: "Trabajamos sin internet.", next: "Siga como siempre, por favor." },
      staff: {
        line: "El reloj mal puesto cierra la nube; se guardan los escaneos.",
        next: "Ponga en hora el terminal.",
      },
    },
    cloud_unreachable: {
      guest: { line: "Trabajamos sin internet.", next: "Siga como siempre, por favor." },
      staff: { line: "La nube no responde; los escaneos se guardan.", next: "Revise la conexión a internet." },
    },
    credential_refused: {
      guest: { line: "Trabajamos sin internet.", next: "Siga como siempre, por favor." },
      staff: { line: "La nube rechaza el terminal; los escaneos se guardan.", next: "Inscriba el terminal otra vez." },
    },
    storage_failed: {
      guest: closed,
      staff: { line: "Falló el disco; no se puede registrar nada.", next: "Revise el disco y su espacio." },
    },
    disk_low: {
      guest: { line: "Trabajamos como siempre.", next: "Siga, por favor." },
      staff: { line: "El disco se está llenando.", next: "Mire pronto el espacio libre." },
    },
    store_log_long: {
      guest: { line: "Trabajamos como siempre.", next: "Siga, por favor." },
      staff: { line: "El diario de la base de datos creció demasiado.", next: "Avise a soporte." },
    },
    store_set_aside: {
      guest: { line: "Trabajamos como siempre.", next: "Siga, por favor." },
      staff: { line: "Se apartó una base de datos dañada.", next: "Mire el estado." },
    },
    journal_forked: {
      guest: { line: "Trabajamos como siempre.", next: "Siga, por favor." },
      staff: { line: "Dos equipos escriben el mismo registro.", next: "Mire el estado; detenga el otro." },
    },
    redemptions_lost: {
      guest: { line: "Trabajamos como siempre.", next: "Siga, por favor." },
      staff: { line: "Se perdió parte de los pases ya usados.", next: "Mire el estado; decida quién entra." },
    },
    wallet_key_unusable: {
      guest: { line: "Trabajamos como siempre.", next: "Siga, por favor." },
      staff: { line: "La clave de una cartera no sirve.", next: "Mire el archivo en el estado." },
    },
    wallet_key_unknown: {
      guest: { line: "Trabajamos como siempre.", next: "Siga, por favor." },
      staff: { line: "Un pase necesita otra clave.", next: "Mire las claves en el estado." },
    },
    webhook_failing: {
      guest: { line: "Trabajamos como siempre.", next: "Siga, por favor." },
      staff: { line: "Un receptor no acepta los escaneos.", next: "Mire los webhooks en el estado." },
    },
    late_revocation: {
      guest: { line: "Trabajamos como siempre.", next: "Siga, por favor." },
      staff: { line: "Un pase se revocó después de aceptarlo.", next: "Mire los últimos eventos." },
    },
    dead_letters: {
      guest: { line: "Trabajamos como siempre.", next: "Siga, por favor." },
      staff: { line: "La nube rechazó escaneos para siempre.", next: "Mire la bandeja de salida." },
    },
  },
  guidance: {
    hold_still: {
      headline: "No lo mueva",
      guest: { line: "Leyendo su pase.", next: "Manténgalo ahí hasta el tono." },
      staff: { line: "El pase se mueve demasiado.", next: "Pida que lo mantengan quieto." },
    },
    unlock_phone: {
      headline: "Desbloquee el teléfono",
      guest: { line: "Su teléfono está bloqueado.", next: "Desbloquéelo y acérquelo aquí." },
      staff: { line: "El teléfono pide ser desbloqueado.", next: "Pida que lo desbloqueen." },
    },
    choose_pass: {
      headline: "Elija un pase",
      guest: { line: "Hay más de un pase.", next: "Elija uno en su teléfono." },
      staff: { line: "El teléfono ofrece varios pases.", next: "Pida que elijan uno." },
    },
    one_at_a_time: {
      headline: "Solo uno",
      guest: { line: "Hay más de una tarjeta o teléfono.", next: "Acerque solo uno al lector." },
      staff: { line: "Varias tarjetas o teléfonos en el campo.", next: "Pida solo uno." },
    },
    no_pass: {
      headline: "Ningún pase",
      guest: { line: "No había ningún pase que leer.", next: "Abra su pase y acérquelo aquí." },
      staff: { line: "El teléfono o la etiqueta no ofreció un pase.", next: "Pida que abran el pase." },
    },
    try_again: {
      headline: "Otra vez",
      guest: { line: "Eso no funcionó.", next: "Presente su pase otra vez." },
      staff: { line: "La lectura falló.", next: "Pida que lo presenten otra vez." },
    },
    brightness: {
      headline: "Más brillo",
      guest: { line: "La pantalla está demasiado oscura.", next: "Suba el brillo, por favor." },
      staff: { line: "La pantalla del teléfono está oscura.", next: "Pida que suban el brillo." },
    },
  },
  houseRule: {
    guest: { line: "Aceptado por norma de la casa.", next: "Adelante, por favor." },
    staff: { line: "Nadie pudo verificarlo; la norma del sitio lo aceptó.", next: "En caso de duda, mire el pase." },
  },
  realPass: {
    headline: "Pase real",
    guest: { line: "Este terminal es solo para pruebas.", next: "Use otra fila, por favor." },
    staff: { line: "Un pase real en un terminal de prueba.", next: "Use un terminal real." },
  },
  offline: {
    headline: "Sin conexión",
    guest: { line: "Esta fila está fuera de servicio.", next: "Volverá por sí sola." },
    staff: { line: "La página perdió al agente.", next: "Compruebe que el agente funciona." },
  },
  firstUse: { whenAndWhere: "Usado el {when}, {where}", when: "Usado el {when}" },
  nextUse: "Vale otra vez desde {when}.",
  page: {
    test: "PRUEBA — no para pases reales",
    special: { emergency: "EMERGENCIA — paso abierto para todos", training: "PRÁCTICA — aquí no cuenta nada" },
    degraded: "Datos de confianza antiguos",
    muted: "Sonido apagado. Toque aquí para activarlo.",
    noScript: "Esta página necesita JavaScript.",
    lanes: "Filas",
    noSuchLane: "No existe la fila «{lane}».",
    chooseLane: "Elija una fila:",
    noLanes: "Este agente no tiene filas.",
    camera: {
      label: "Cámara",
      says: {
        asking: "La cámara se inicia. Permita su uso si el navegador lo pregunta.",
        on: "Ponga el código ante la cámara",
        denied: "El navegador bloquea la cámara. Permítala para esta página en los ajustes del sitio.",
        missing: "No se encuentra ninguna cámara. Conecte una.",
        taken: "Otro programa usa la cámara. Cierre ese programa.",
        unsafe: "El navegador solo permite una cámara en 127.0.0.1 o localhost. Abra la página allí.",
        lost: "La cámara se desconectó. Conéctela de nuevo.",
        dark: "La cámara no envía imagen. Revise la tapa y el cable.",
        agent: "El agente no acepta imágenes. Seguirá solo.",
      },
    },
    demo: "Demostración",
    demoPayload: "Código o texto de un pase",
    demoPresent: "Presentar",
    demoRunning: "En marcha …",
    demoFailed: "El agente no respondió.",
    demoSettled: { accepted: "Aceptado", rejected: "Rechazado" },
  },
};
