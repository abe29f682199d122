/** What an organization runs; all lower case. */
export interface RunBy {
  readonly clusters: readonly string[];
  readonly websites: readonly string[];
}

/** The related systems of a request; `[]` is an answer too. */
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
  const cluster = own.clusters.filter((id) => named.has(id.toLowerCase()));
  const website = own.websites.filter((site) => {
    const host = site.toLowerCase();
    return named.has(host) || named.has(host.startsWith('www.') ? host.slice(4) : `www.${host}`);
  });
  return {
    cluster: cluster.length > 0 || own.clusters.length !== 1 ? cluster : own.clusters,
    website: website.length > 0 || own.websites.length !== 1 ? website : own.websites,
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
