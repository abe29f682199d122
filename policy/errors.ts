/** Codes of the policy's own errors. */
export const POLICY_ERRORS = {
  E_POLICY_UNREADABLE: 'The policy file cannot be read.',
  E_POLICY_SYNTAX: 'The policy file is not valid YAML.',
  E_POLICY_INVALID: 'The policy file says something that Holdfast cannot keep.',
  E_CALENDAR_NEVER_OPENS: 'No open time lies ahead on this calendar, so nothing can be due.',
  E_OUT_OF_RANGE: 'The time lies outside the years that the policy was resolved for.',
} as const;
/** One of the codes in {@link POLICY_ERRORS}. */
export type PolicyErrorCode = keyof typeof POLICY_ERRORS;

/** An error of the policy, with its code and a message that says what to change. */
export class PolicyError extends Error {
  readonly code: PolicyErrorCode;
  constructor(code: PolicyErrorCode, message: string) {
    super(message);
    this.name = 'PolicyError';
    this.code = code;
  }
}
