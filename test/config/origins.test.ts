import { originsOf } from '../../config/origins';

describe('origins that may embed us', () => {
  test.each([
    ['https://dashboard.example.org', ['https://dashboard.example.org']],
    ['https://a.example, https://b.example:8443 ,http://127.0.0.1:3000', ['https://a.example', 'https://b.example:8443', 'http://127.0.0.1:3000']],
    ['https://a.example/', ['https://a.example']],
    ['https://a.example,https://a.example/', ['https://a.example']],
  ])('%s', (text, origins) => {
    expect(originsOf(text)).toEqual(origins);
  });

  test.each(['', '*', 'a.example', 'https://*.example', 'https://a.example/path', 'https://user@a.example', 'ftp://a.example', 'null', 'https://a.example,'])(
    'refuses %p',
    (text) => {
      expect(originsOf(text)).toBeNull();
    },
  );
});
