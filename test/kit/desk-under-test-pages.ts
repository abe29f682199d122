import type { DeskUnderTest } from './desk-under-test';

/** The built-in pages as someone sees them who has signed in with the admin token. */
export class SignedIn {
  private constructor(
    private readonly url: string,
    private readonly cookie: string,
  ) {}

  /** Signs in through the form. */
  static async as(desk: DeskUnderTest): Promise<SignedIn> {
    const { url, adminToken } = desk.parts;
    const response = await post(url, '/sign-in', { token: adminToken, next: '/pages' });
    const [cookie] = response.headers.getSetCookie();
    if (response.status !== 303 || cookie === undefined) throw new Error(`The sign-in answered ${response.status}.`);
    return new SignedIn(url, cookie.split(';')[0] ?? '');
  }

  /** The HTML of a page. */
  async look(path: string): Promise<string> {
    const response = await fetch(this.url + path, { headers: { cookie: this.cookie, accept: 'text/html' } });
    if (!response.ok) throw new Error(`${path} answered ${response.status}.`);
    return response.text();
  }

  /** Opens a page and presses the button of one of its forms, with what the form itself carries; answers where that leads. */
  async press(page: string, action: string, fields: Record<string, string> = {}): Promise<string> {
    const shown = await this.look(page);
    const form = shown.split('<form').find((part) => part.includes(`action="${action}"`));
    if (form === undefined) throw new Error(`${page} has no form for ${action}.`);
    const hidden = [...(form.split('</form>')[0] ?? '').matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)];
    const response = await post(this.url, action, { ...Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value])), ...fields }, this.cookie);
    if (response.status !== 303) throw new Error(`${action} answered ${response.status}: ${await response.text()}`);
    return response.headers.get('location') ?? '';
  }
}

function post(url: string, path: string, fields: Record<string, string>, cookie?: string): Promise<Response> {
  return fetch(url + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: url, accept: 'text/html', ...(cookie !== undefined && { cookie }) },
    body: new URLSearchParams(fields),
  });
}
