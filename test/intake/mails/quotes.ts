import { mail, twins, type Fixture } from './fixture';

const reply = ['In-Reply-To: <earlier@elsewhere.test>', 'References: <earlier@elsewhere.test>'];
const answered = { becomes: 'opened', quoted: /EARLIER/ } as const;

/** Answers as programs write them, in English and German: what their author wrote, without what they quote. */
export const quotes: readonly Fixture[] = [
  {
    name: 'Gmail, English',
    raw: mail({
      subject: 'Re: Shop down',
      headers: reply,
      body: 'It works again, thanks!\n\nOn Mon, Mar 2, 2026 at 10:00 AM Ada at Support <support@example.test>\nwrote:\n\n> EARLIER words\n>\n> Ada\n',
    }),
    expected: { ...answered, text: 'It works again, thanks!' },
  },
  {
    name: 'Gmail, German, with the line broken within the address',
    raw: mail({
      subject: 'Re: Shop',
      headers: reply,
      body: 'Danke, jetzt läuft es.\n\nAm Mo., 2. März 2026 um 10:00 Uhr schrieb Ada von Support <\nsupport@example.test>:\n\n> EARLIER Worte\n> Grüße\n',
    }),
    expected: { ...answered, text: 'Danke, jetzt läuft es.' },
  },
  {
    name: 'Gmail, English, HTML only',
    raw: twins({
      subject: 'Re: Shop',
      headers: reply,
      html: '<div dir="ltr">Still slow.<div>Jane</div></div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">On Mon, Mar 2, 2026 at 10:00 AM Ada &lt;<a href="mailto:a@x.test">a@x.test</a>&gt; wrote:<br></div><blockquote class="gmail_quote" style="margin:0 0 0 .8ex"><div>EARLIER words</div></blockquote></div>',
    }),
    expected: { ...answered, text: 'Still slow.\nJane', html: /Still slow/ },
  },
  {
    name: 'Apple Mail, English',
    raw: mail({
      subject: 'Re: Shop',
      headers: reply,
      body: 'Yes please.\n\nJane\n\n> On 2. Mar 2026, at 10:00, Ada <support@example.test> wrote:\n> \n> EARLIER words\n',
    }),
    expected: { ...answered, text: 'Yes please.\n\nJane' },
  },
  {
    name: 'Apple Mail, German',
    raw: mail({
      subject: 'Re: Shop',
      headers: reply,
      body: 'Ja bitte.\n\n> Am 02.03.2026 um 10:00 schrieb Ada <support@example.test>:\n> \n> EARLIER Worte\n> \n',
    }),
    expected: { ...answered, text: 'Ja bitte.' },
  },
  {
    name: 'iPhone, German',
    raw: mail({
      subject: 'Re: Shop',
      headers: reply,
      body: 'Geht wieder.\n\nVon meinem iPhone gesendet\n\n> Am 02.03.2026 um 10:00 schrieb Ada <support@example.test>:\n> \n> ﻿EARLIER Worte\n',
    }),
    expected: { ...answered, text: 'Geht wieder.\n\nVon meinem iPhone gesendet' },
  },
  {
    name: 'iPhone, English, no marks',
    raw: mail({
      subject: 'Re: Shop',
      headers: reply,
      body: 'Works.\n\nSent from my iPhone\n\nOn 2 Mar 2026, at 10:00, Ada <support@example.test> wrote:\n\nEARLIER words\n\nAda\n',
    }),
    expected: { ...answered, text: 'Works.\n\nSent from my iPhone' },
  },
  {
    name: 'Apple Mail, HTML only',
    raw: twins({
      subject: 'Re: Shop',
      headers: reply,
      html: '<html><body>Yes, do it.<div><br><blockquote type="cite"><div>On 2. Mar 2026, at 10:00, Ada &lt;a@x.test&gt; wrote:</div><br><div>EARLIER words</div></blockquote></div><br></body></html>',
    }),
    expected: { ...answered, text: 'Yes, do it.' },
  },
  {
    name: 'Outlook for Windows, English',
    raw: mail({
      subject: 'RE: Shop',
      headers: reply,
      body: 'Confirmed.\n\nRegards\nJane\n\nFrom: Ada at Support <support@example.test>\nSent: Monday, March 2, 2026 10:00 AM\nTo: Jane Doe <jane@acme.test>\nSubject: Re: Shop [#1042]\n\nEARLIER words\n',
    }),
    expected: { ...answered, text: 'Confirmed.\n\nRegards\nJane' },
  },
  {
    name: 'Outlook for Windows, German',
    raw: mail({
      subject: 'AW: Shop',
      headers: reply,
      body: 'Bestätigt.\n\nGruß\nJane\n\nVon: Ada von Support <support@example.test>\nGesendet: Montag, 2. März 2026 10:00\nAn: Jane Doe <jane@acme.test>\nBetreff: Re: Shop [#1042]\n\nEARLIER Worte\n',
    }),
    expected: { ...answered, text: 'Bestätigt.\n\nGruß\nJane' },
  },
  {
    name: 'Outlook, German, -----Ursprüngliche Nachricht-----',
    raw: mail({
      subject: 'AW: Shop',
      headers: reply,
      body: 'Passt.\n\n-----Ursprüngliche Nachricht-----\nVon: Ada <support@example.test> \nGesendet: Montag, 2. März 2026 10:00\nAn: Jane\nBetreff: Shop\n\nEARLIER Worte\n',
    }),
    expected: { ...answered, text: 'Passt.' },
  },
  {
    name: 'Outlook, English, -----Original Message-----',
    raw: mail({
      subject: 'RE: Shop',
      headers: reply,
      body: 'Fine.\n\n-----Original Message-----\nFrom: Ada <support@example.test>\nSent: Monday\nTo: Jane\nSubject: Shop\n\nEARLIER words\n',
    }),
    expected: { ...answered, text: 'Fine.' },
  },
  {
    name: 'Outlook for phones, with its rule',
    raw: mail({
      subject: 'Re: Shop',
      headers: reply,
      body: 'On my way.\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: Ada <support@example.test>\nSent: Monday, March 2, 2026 10:00:00 AM\nTo: Jane <jane@acme.test>\nSubject: Re: Shop\n\nEARLIER words\n',
    }),
    expected: { ...answered, text: 'On my way.\n\nGet Outlook for iOS<https://aka.ms/o0ukef>' },
  },
  {
    name: 'Outlook on the web, German, HTML only',
    raw: twins({
      subject: 'AW: Shop',
      headers: reply,
      html: '<div style="font-family:Calibri">Danke, erledigt.</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font face="Calibri"><b>Von:</b> Ada<br><b>Gesendet:</b> Montag<br><b>An:</b> Jane<br><b>Betreff:</b> Shop</font></div><div>EARLIER Worte</div>',
    }),
    expected: { ...answered, text: 'Danke, erledigt.' },
  },
  {
    name: 'Outlook for Windows, German, HTML only: a rule by style, no marks',
    raw: twins({
      subject: 'AW: Shop',
      headers: reply,
      html: '<div class="WordSection1"><p class="MsoNormal">So ist es gut.<o:p></o:p></p><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>Von:</b> Ada &lt;support@example.test&gt; <br><b>Gesendet:</b> Montag, 2. März 2026 10:00<br><b>An:</b> Jane<br><b>Betreff:</b> Shop</p></div><p class="MsoNormal">EARLIER Worte</p></div>',
    }),
    expected: { ...answered, text: 'So ist es gut.' },
  },
  {
    name: 'Outlook for Mac, English',
    raw: mail({
      subject: 'Re: Shop',
      headers: reply,
      body: 'Good.\n\nFrom: Ada <support@example.test>\nDate: Monday, 2 March 2026 at 10:00\nTo: Jane <jane@acme.test>\nSubject: Shop\nEARLIER words\n',
    }),
    expected: { ...answered, text: 'Good.' },
  },
  {
    name: 'Outlook, German, headings in bold as text',
    raw: mail({
      subject: 'AW: Shop',
      headers: reply,
      body: 'Gut.\n\n*Von:* Ada <support@example.test>\n*Gesendet:* Montag, 2. März 2026 10:00\n*An:* Jane\n*Betreff:* Shop\n\nEARLIER Worte\n',
    }),
    expected: { ...answered, text: 'Gut.' },
  },
  {
    name: 'Thunderbird, German, answer on top',
    raw: mail({
      subject: 'Re: Shop',
      headers: reply,
      body: 'Jetzt geht es.\n\nAm 02.03.26 um 10:00 schrieb Ada:\n> EARLIER Worte\n> noch eine Zeile\n\n-- \nJane Doe\nACME GmbH\n',
    }),
    expected: { ...answered, text: 'Jetzt geht es.' },
  },
  {
    name: 'Thunderbird, English, HTML only',
    raw: twins({
      subject: 'Re: Shop',
      headers: reply,
      html: '<p>All good.</p><div class="moz-cite-prefix">On 02.03.26 10:00, Ada wrote:<br></div><blockquote type="cite" cite="mid:x@y"><p>EARLIER words</p></blockquote>',
    }),
    expected: { ...answered, text: 'All good.' },
  },
  {
    name: 'Thunderbird, answers between quotations: all of it is kept',
    raw: mail({
      subject: 'Re: Shop',
      headers: reply,
      body: 'Hello,\n\nAm 02.03.26 um 10:00 schrieb Ada:\n> Which server?\n\nc042.\n\n> Since when?\n\nThis morning.\n',
    }),
    expected: { becomes: 'opened', text: /^Hello,[\s\S]+c042\.[\s\S]+This morning\.$/, quoted: null },
  },
  {
    name: 'Thunderbird, HTML only, answers between quotations',
    raw: twins({
      subject: 'Re: Shop',
      headers: reply,
      html: '<div class="moz-cite-prefix">On 02.03.26, Ada wrote:</div><blockquote type="cite"><p>Which server?</p></blockquote><p>c042.</p><blockquote type="cite"><p>Since when?</p></blockquote><p>This morning.</p>',
    }),
    expected: { becomes: 'opened', text: /Which server\?[\s\S]+c042\.[\s\S]+This morning\.$/, quoted: null },
  },
  {
    name: 'an answer below the quotation',
    raw: mail({ subject: 'Re: Shop', headers: reply, body: 'On Mon, 2 Mar 2026 at 10:00, Ada <a@x.test> wrote:\n> Which server?\n\nThe second one.\n' }),
    expected: { becomes: 'opened', text: /Which server\?[\s\S]+The second one\.$/, quoted: null },
  },
  {
    name: 'GMX, German, date first',
    raw: mail({
      subject: 'Aw: Shop',
      headers: reply,
      body: 'Läuft.\n \nGesendet: Montag, 02. März 2026 um 10:00 Uhr\nVon: "Ada" <support@example.test>\nAn: jane@acme.test\nBetreff: Shop\nEARLIER Worte\n',
    }),
    expected: { ...answered, text: 'Läuft.' },
  },
  {
    name: 'Samsung, English',
    raw: mail({
      subject: 'Re: Shop',
      headers: reply,
      body: 'OK\n\n\n-------- Original message --------\nFrom: Ada <support@example.test> \nDate: 02/03/2026  10:00  (GMT+01:00) \nTo: jane@acme.test \nSubject: Shop \n\nEARLIER words\n',
    }),
    expected: { ...answered, text: 'OK' },
  },
  {
    name: 'T-Online, German',
    raw: mail({
      subject: 'Re: Shop',
      headers: reply,
      body: 'Alles klar\n\n-----Original-Nachricht-----\nBetreff: Shop\nDatum: 2026-03-02\nVon: Ada\n\nEARLIER Worte\n',
    }),
    expected: { ...answered, text: 'Alles klar' },
  },
  {
    name: 'French, by marks',
    raw: mail({
      subject: 'Re: Shop',
      headers: reply,
      body: 'Merci !\n\nLe lun. 2 mars 2026 à 10:00, Ada <support@example.test> a écrit :\n\n> EARLIER mots\n',
    }),
    expected: { ...answered, text: 'Merci !' },
  },
  {
    name: 'nothing but a quotation: all of it is kept',
    raw: mail({ subject: 'Re: Shop', headers: reply, body: '> EARLIER words\n> and more\n' }),
    expected: { becomes: 'opened', text: '> EARLIER words\n> and more', quoted: null },
  },
  {
    name: 'nothing but a quotation with its heading',
    raw: mail({ subject: 'Re: Shop', headers: reply, body: '\nOn Mon, 2 Mar 2026 at 10:00, Ada <a@x.test> wrote:\n\n> EARLIER words\n' }),
    expected: { becomes: 'opened', text: /EARLIER/, quoted: null },
  },
  {
    name: 'a mail that is passed on, English',
    raw: mail({
      subject: 'Fwd: Invoice',
      body: 'Please pay.\n\n---------- Forwarded message ---------\nFrom: Bob <bob@shop.test>\nDate: Mon, Mar 2, 2026\nSubject: Invoice\nTo: <jane@acme.test>\n\nTHE INVOICE\n',
    }),
    expected: { becomes: 'opened', text: /Please pay[\s\S]+THE INVOICE/, quoted: null },
  },
  {
    name: 'a mail that is passed on, German',
    raw: mail({
      subject: 'WG: Rechnung',
      body: 'Bitte prüfen.\n\nVon: Bob <bob@shop.test>\nGesendet: Montag\nAn: Jane\nBetreff: Rechnung\n\nDIE RECHNUNG\n',
    }),
    expected: { becomes: 'opened', text: /Bitte prüfen[\s\S]+DIE RECHNUNG/, quoted: null },
  },
  {
    name: 'Apple Mail, German, passed on under a subject of its own',
    raw: mail({
      subject: 'Zur Info',
      body: 'Siehe unten.\n\n> Anfang der weitergeleiteten Nachricht:\n> \n> Von: Bob <bob@shop.test>\n> Betreff: Rechnung\n> \n> DIE RECHNUNG\n',
    }),
    expected: { becomes: 'opened', text: /Siehe unten[\s\S]+DIE RECHNUNG/, quoted: null },
  },
  {
    name: 'a sentence that looks like a heading',
    raw: mail({ subject: 'Frage', body: 'Am Montag schrieb mein Chef:\nBitte alle Server prüfen.\n' }),
    expected: { becomes: 'opened', text: 'Am Montag schrieb mein Chef:\nBitte alle Server prüfen.', quoted: null },
  },
  {
    name: 'sentences that tell what somebody wrote, in a first mail',
    raw: mail({
      subject: 'Shop',
      body: 'Hallo,\nam 03.03.2026 um 10:15 ging unser Shop nicht mehr.\nFrau Meier schrieb uns dazu:\nFehler 500 im Checkout.\nBitte prüfen Sie das.\n',
    }),
    expected: { becomes: 'opened', text: /Frau Meier schrieb uns dazu:\nFehler 500 im Checkout\.\nBitte prüfen Sie das\.$/, quoted: null },
  },
  {
    name: 'the header of a mail that did not arrive, in a first mail',
    raw: mail({
      subject: 'Mail fehlt',
      body: 'Guten Tag,\ndiese Mail kam nicht an:\n\nVon: shop@acme.test\nDatum: 3. März 2026 10:15\nAn: kunde@gmx.test\nBetreff: Ihre Bestellung\n\nKönnen Sie bitte nachsehen, warum?\n',
    }),
    expected: { becomes: 'opened', text: /Betreff: Ihre Bestellung\n\nKönnen Sie bitte nachsehen, warum\?$/, quoted: null },
  },
  {
    name: 'sections and a signature are no quotation',
    raw: mail({ subject: 'Two things', body: 'First.\n---\nSecond.\n\nRegards,\nJane\n\n-- \nACME, +49 30 1234' }),
    expected: { becomes: 'opened', text: /^First\.[\s\S]+\+49 30 1234$/, quoted: null },
  },
  {
    name: 'a long answer with a thousand quoted lines',
    raw: mail({
      subject: 'Re: Log',
      headers: reply,
      body: `Here it is.\n\nOn Mon, 2 Mar 2026 at 10:00, Ada <a@x.test> wrote:\n${'> EARLIER line of a log\n'.repeat(1_000)}`,
    }),
    expected: { ...answered, text: 'Here it is.' },
  },
];
