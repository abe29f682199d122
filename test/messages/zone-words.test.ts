import { zoneName, zoneToTell } from '../../messages/zone-words';

test.each([
  ['Asia/Tokyo', 'Asia/Tokyo'],
  ['nonsense', 'Europe/Berlin'],
  [null, 'Europe/Berlin'],
])('someone whose zone is %p is told times in %s', (own, told) => {
  expect(zoneToTell(own, 'Europe/Berlin')).toBe(told);
});

test.each([
  ['Europe/Vienna', 'CEST', 'en', 'Vienna time, CEST'],
  ['Europe/Vienna', 'MESZ', 'de', 'Zeit in Wien, MESZ'],
  ['America/Mexico_City', null, 'de', 'Zeit in Mexiko-Stadt'],
  ['Etc/GMT+3', 'GMT-3', 'en', 'GMT-3'],
  ['UTC', 'UTC', 'de', 'UTC'],
] as const)('%s with the short name %p is called in %s: %s', (zone, short, language, name) => {
  expect(zoneName(zone, short, language)).toBe(name);
});
