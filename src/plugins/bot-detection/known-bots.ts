/**
 * known-bots — crawlers, and libraries of programs that crawl, by what they call themselves.
 *
 * Crawlers mostly end their name in "bot", "spider" or "crawler"; the others are listed. curl, Wget and
 * python-requests are tools that people use, and pass, as with Kong.
 */

/** A word for a robot, alone or at the end of a name: Googlebot, bingbot/2.0, "Screaming Frog SEO Spider". */
const GENERIC = /bots?(?![a-z])|spider(?![a-z])|crawl(?:er|ing)?(?![a-z])/i

/** Telephones of this make are no robots; models follow with a space or an underscore. */
const NO_ROBOT = /(?<![a-z0-9])cubot(?![a-z])/gi

/** Crawlers and watchers whose names have none of the words above. */
const CRAWLERS = [
  'AdsBot-Google',
  'APIs-Google',
  'BingPreview',
  'Bytespider',
  'facebookexternalhit',
  'FeedFetcher-Google',
  'Google-InspectionTool',
  'Google-Read-Aloud',
  'GoogleOther',
  'ia_archiver',
  'Mediapartners-Google',
  'NewRelicPinger',
  'Pingdom',
  'Qwantify',
  'Slurp',
  'StatusCake',
  'Teoma',
]

/** Libraries that programs leave the name of. */
const LIBRARIES = [
  'Apache-HttpClient',
  'axios',
  'Go-http-client',
  'Google-HTTP-Java-Client',
  'okhttp',
  'Python-urllib',
  'reqwest',
]

const NAMED = new RegExp(`(?:^|[^a-z])(?:${[...CRAWLERS, ...LIBRARIES].join('|')})`, 'i')

export function isKnownBot(agent: string): boolean {
  return NAMED.test(agent) || GENERIC.test(agent.replace(NO_ROBOT, ''))
}
