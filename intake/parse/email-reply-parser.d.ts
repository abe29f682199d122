/** The part of email-reply-parser that we use; the package brings no types. */
declare module 'email-reply-parser' {
  export interface Fragment {
    isQuoted(): boolean;
    /** It ends with a line that says who wrote what is quoted. */
    isAnswer(): boolean;
    isEmpty(): boolean;
    getContent(): string;
  }
  export default class EmailReplyParser {
    read(text: string): { getFragments(): Fragment[] };
  }
}
