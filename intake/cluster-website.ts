/** What an organization runs, in any case. */
export interface RunBy {
  readonly clusters: readonly string[];
  readonly websites: readonly string[];
}

/** The related systems of a request, lower case; `[]` is an answer too. */
export interface SystemTags {
  readonly cluster: readonly string[];
  readonly website: readonly string[];
}

/**
 * Which of the requester's own clusters and websites a request is about: those named in its text; where none is, the only one there is.
 * Never another organization's: nothing outside `own` can come out. (Handbook: "We tag tickets with the cluster and the website".)
 */
export function systemTags(text: string, own: RunBy): SystemTags {
  const named = namesIn(text);
  const clusters = own.clusters.map((id) => id.toLowerCase());
  const websites = own.websites.map((host) => host.toLowerCase());
  const cluster = clusters.filter((id) => named.has(id));
  const website = websites.filter((host) => named.has(host) || named.has(host.startsWith('www.') ? host.slice(4) : `www.${host}`));
  return {
    cluster: cluster.length > 0 || clusters.length !== 1 ? cluster : clusters,
    website: website.length > 0 || websites.length !== 1 ? website : websites,
  };
}

/** Words that can be host names or cluster ids; the domain of an e-mail address (in every signature) is none. */
function namesIn(text: string): ReadonlySet<string> {
  const words =
    text
      .slice(0, 200_000)
      .toLowerCase()
      .match(/(?<![@\w.-])[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?![@\w])/g) ?? [];
  return new Set(words);
}
