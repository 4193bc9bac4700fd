/**
 * The words by which a key tells that its value is sensitive. Data only.
 *
 * Words are whole segments of a key, lower case (see `keys.ts`).
 */

/** Secrets people type, and codes: their numbers are redacted too. */
export const PASSWORD_WORDS: ReadonlySet<string> = new Set(
  `password passwords passwd passwds pwd passphrase passcode userpassword userpass mypassword
  newpassword oldpassword dbpassword pgpassword secret secrets otp totp pin pincode cvv cvc cvn
  mnemonic clientsecret appsecret secretkey passwordhash`.split(/\s+/),
);

/** Secrets that machines hand out: numbers and booleans under them are counts and flags. */
export const TOKEN_WORDS: ReadonlySet<string> = new Set(
  `apikey apikeys xapikey accesskey privatekey secretaccesskey accesstoken refreshtoken authtoken
  sessiontoken bearertoken idtoken apitoken csrftoken xsrftoken jwt dsn bearer credential
  credentials creds connectionstring connstr accountkey sharedaccesskey securitytoken`.split(/\s+/),
);

/** Secrets of header lines: in free text they run to the end of the line. */
export const HEADER_WORDS: ReadonlySet<string> = new Set(["authorization", "cookie", "cookies"]);

/** Endings of words written together (`smtppassword`, `myapikey`). */
export const GLUED_ENDINGS: readonly string[] = [
  "password",
  "passwd",
  "passphrase",
  "apikey",
  "accesstoken",
  "refreshtoken",
  "authtoken",
  "sessiontoken",
  "secretkey",
  "privatekey",
  "accesskey",
  "clientsecret",
];

/** After a secret's word these make the key one that speaks about the secret. */
export const ABOUT: ReadonlySet<string> = new Set(
  `name names type types count counts counter length len size arn url uri endpoint path file
  version expires expiry expired expiration exp ttl age at in policy status state enabled disabled
  required optional provided present missing invalid valid validated verified validation rotation
  rotated manager secretsmanager store provider source strategy method scheme algorithm alg format
  usage used limit limits budget max min strength reset changed updated created issued issuer
  audience scope scopes field kind mode index position price cost costs rate ratio bucket per
  cached consent domain banner attempts attempt retries last4 last masked exists supported
  decision result outcome policies model server role uid page ids detail details
  logprob logprobs window sha256 fingerprint`.split(/\s+/),
);

/** Before a secret's word these make the key a flag or a count. */
export const ASKING: ReadonlySet<string> = new Set(
  `has is no num number count total max min with without require requires required needs show
  hide forgot missing invalid allow enable disable`.split(/\s+/),
);

/** Before `token` these mean a place in a list, a piece of text, or a count of pieces. */
export const HARMLESS_TOKENS: ReadonlySet<string> = new Set(
  `next prev previous page continuation cont cursor sync resume progress input output prompt
  completion first last stop eos bos pad unk mask sep cls special start end cached reasoning n
  audio text image generated each pagination delta skip watch syntax unexpected thinking
  to per by current top decoded sampled`.split(/\s+/),
);

/** Before the plural `tokens` these mean credentials; every other plural is a count. */
export const CREDENTIAL_TOKENS: ReadonlySet<string> = new Set(
  `access refresh auth api bearer session id csrf xsrf device push secret oauth jwt personal reset
  service registration fcm apns security`.split(/\s+/),
);

/** Before `key` or `keys` these mean a secret. */
export const SECRET_KEYS: ReadonlySet<string> = new Set(
  `api access private secret signing encryption decryption master account shared subscription ssh
  rsa pgp gpg license hmac auth session security service app application consumer client admin root
  openai anthropic stripe sendgrid twilio datadog webhook aes cipher`.split(/\s+/),
);

/** Before `code` or `codes` these mean a secret. */
export const SECRET_CODES: ReadonlySet<string> = new Set(
  "verification security auth authorization mfa otp tfa 2fa access reset recovery backup pin login sms".split(
    " ",
  ),
);

/** Before `pass` these mean a password and not a result. */
export const PASS_OWNERS: ReadonlySet<string> = new Set(
  "db database smtp imap user mysql pg postgres redis ftp proxy mail admin root login auth ldap".split(
    " ",
  ),
);

/** Other pairs of neighbouring words that mean a secret. */
export const SECRET_PAIRS: ReadonlySet<string> = new Set([
  "basic auth",
  "client assertion",
  "code verifier",
  "conn str",
  "conn string",
  "connection str",
  "connection string",
  "connection strings",
  "device code",
  "fa code",
  "magic link",
  "recovery phrase",
  "saml assertion",
  "saml response",
  "seed phrase",
  "set cookie",
]);

/** Words at the end of a key that only say that a value follows. */
export const VALUE_WORDS: ReadonlySet<string> = new Set(
  "number numbers no num nr nbr value values raw text str string formatted e164 primary address".split(
    " ",
  ),
);

export const EMAIL_WORDS: ReadonlySet<string> = new Set(
  "email emails mail emailaddress emailaddresses mailto".split(" "),
);

export const PHONE_WORDS: ReadonlySet<string> = new Set(
  `phone phones phonenumber phonenumbers phoneno telephone telephones tel mobile mobiles mobileno
  mobilenumber mobilephone cell cellphone fax msisdn whatsapp landline hotline telefon`.split(
    /\s+/,
  ),
);

/** Before `number` these mean a telephone. */
export const PHONE_OWNERS: ReadonlySet<string> = new Set(
  "contact caller callee callback sms home work emergency dialed".split(" "),
);

export const CARD_WORDS: ReadonlySet<string> = new Set(
  "card cards cardnumber cardno creditcard creditcardnumber debitcard ccnumber ccnum cc pan".split(
    " ",
  ),
);

export const IBAN_WORDS: ReadonlySet<string> = new Set(["iban", "ibans", "ibannumber"]);

export const SSN_WORDS: ReadonlySet<string> = new Set(
  "ssn ssns ssnumber socialsecurity socialsecuritynumber itin".split(" "),
);

/** Things whose numbers look like telephone numbers. */
export const NUMBERED_THINGS: ReadonlySet<string> = new Set(
  `order invoice ticket tracking sku isbn part version build serial batch commit sha sha256 hash
  digest checksum uuid trace span timestamp time date`.split(/\s+/),
);

/** Behind a thing these make the key that of its number. */
export const THING_NUMBERS: ReadonlySet<string> = new Set(
  "number numbers no num nr id ids code ref reference key value".split(" "),
);

/** Whole keys of the conventions that name no secret although a word of theirs does. */
export const ALLOWED_KEYS: ReadonlySet<string> = new Set([
  "gen_ai.response.time_to_first_token",
  "gen_ai.token.type",
  "mcp.progress.token",
  "mcp.session.id",
  "process.env.pwd",
  "progresstoken",
  "session.id",
  "workflow.authorization",
]);
