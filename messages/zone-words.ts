/** How people are told a time zone, in mails and on pages alike. */

/** Places that zones are named after and that Germans call something else. */
const GERMAN_PLACES: Readonly<Record<string, string>> = {
  Athens: 'Athen',
  Belgrade: 'Belgrad',
  Brussels: 'Brüssel',
  Bucharest: 'Bukarest',
  Cairo: 'Kairo',
  Copenhagen: 'Kopenhagen',
  'Hong Kong': 'Hongkong',
  Kyiv: 'Kiew',
  Lisbon: 'Lissabon',
  Luxembourg: 'Luxemburg',
  'Mexico City': 'Mexiko-Stadt',
  Moscow: 'Moskau',
  Prague: 'Prag',
  Rome: 'Rom',
  Singapore: 'Singapur',
  Tokyo: 'Tokio',
  Vienna: 'Wien',
  Warsaw: 'Warschau',
  Zurich: 'Zürich',
};

/** The zone in which somebody is told times: their own, if it is a real one, else the desk's. */
export function zoneToTell(own: string | null, desk: string): string {
  return own !== null && isZone(own) ? own : desk;
}

/**
 * What a zone is called: `Berlin time, CEST`, `Zeit in Wien, MESZ`; one that names no place by its short name alone. `short` is the zone's short
 * name at the moment told, in that language; null when there is none to tell.
 */
export function zoneName(zone: string, short: string | null, language: 'en' | 'de'): string {
  const slash = zone.lastIndexOf('/');
  if (slash < 0 || zone.startsWith('Etc/')) return short ?? zone;
  const place = zone.slice(slash + 1).replaceAll('_', ' ');
  const name = language === 'de' ? `Zeit in ${GERMAN_PLACES[place] ?? place}` : `${place} time`;
  return short === null ? name : `${name}, ${short}`;
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
