/** What the row of a message leaves empty when nothing came in for it by mail, and it has no formatting. */
export const WITHOUT_MAIL = { full_body: null, html: null, mail_id: null, in_reply_to: null, hint: null, inbox_id: null } as const;
