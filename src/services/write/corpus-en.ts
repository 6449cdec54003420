// The English of the corpus: words, the sentences that they stand in, and the parts of which rare words are made.
import type { Tongue } from './corpus-prose.ts'
import { phrases, words } from './corpus-prose.ts'

export const english: Tongue = {
  // All singular, so that every sentence agrees.
  nouns: phrases(`
    the camera, the sensor, the image, the focus, the light, the lens, the battery, the colour, the sharpness, the viewfinder, the screen,
    the body, the exposure, the contrast, the detail, the grip, the video, the stabilisation, the shutter, the aperture, the shadow, the sky,
    the portrait, the skin, the weight, the speed, the noise, the burst, the file, the menu, the dial, the button, the resolution,
    the texture, the blur, the distortion, the zoom, the focal length, the flash, the tripod, the strap, the ring, the filter, the film,
    the crop, the editing, the histogram, the latitude, the tone, the saturation, the white balance, the metering, the landscape, the street,
    the assignment, the wedding, the journey, the mountain, the sea, the city, the match, the wildlife, the bird, the night, the star,
    the dawn, the backlight, the reflection, the perspective, the composition, the framing, the close-up, the background, the movement,
    the shake, the sensitivity, the processor, the memory, the card, the cable, the microphone, the sound, the connection, the app,
    the build, the sealing, the damp, the dust, the rain, the cold, the heat, the warranty, the price, the market, the resale value,
    the service desk, the mount, the adapter, the zip, the bag, the studio, the photographer, the sitter, the client, the craft,
    the patience, the rhythm, the trust, the habit, the handling, the silence, the stamina, the compatibility, the vignette,
    the aberration, the flare, the moiré, the diffraction, the depth of field, the bokeh, the dynamic range, the tracking, the eye`),
  acts: phrases(`
    convinces, delivers, surprises, disappoints, answers, suffices, fails, improves, lasts, tires, annoys, helps, weighs in, counts, hits,
    hesitates, shines, shows, holds up, gives in, ages well, works without fuss, comes late, comes in time, wants practice, wants care,
    stays out of the way, forgives nothing, earns its keep, misleads, goes unnoticed, pays off, settles down, drifts, recovers, persists`),
  takes: phrases(`
    improves, demands, follows, shapes, explains, limits, favours, hides, reveals, recalls, beats, matches, deserves, saves, defines,
    outweighs, justifies, complicates, simplifies, respects, protects, punishes, solves, sorts, refines, announces, disputes, carries, spares,
    rewards`),
  adjectives: words(`
    excellent remarkable sufficient reliable pleasant brilliant stable agile useful simple strong weak poor visible evident flawless formidable
    acceptable reasonable large small fragile efficient constant outstanding dependable versatile common insufficient elegant discreet natural
    friendly flexible powerful decent admirable unstable sensitive superior inferior original ideal ordinary special quick slow quiet`),
  times: phrases(`
    most of the time, now and then, at night, at dawn, in practice, in the field, in low light, handheld, without effort, from day one,
    after a month, in the rain, in full sun, wide open, indoors, in expert hands, at any distance, in a burst, as the weeks go by, in silence,
    without a tripod, in the wind, against the light, in the studio, on the road, in the street`),
  places: phrases(`
    in London, in Buenos Aires, in São Paulo, in Patagonia, in New York, in Cusco, in Rio, in Iceland, in Lisbon, in Bogotá, in Tokyo,
    in the Atacama, in the Andes, in the Pantanal, in Valparaíso, in Lima, in Scotland, in Cape Town, in Ushuaia, in Medellín, in Quito,
    in Santiago, in Chicago, in Wales, in Montevideo, in the Amazon, in Sydney, in Marrakesh`),
  sentences: phrases(
    `
    {N} {act} {time}; {N} {takes} {n}; {N} is {adj} and {n} {act}; With the {camera}, {n} {act} {time}; {Place} {n} {takes} {n};
    {N} {takes} {n}, although {n} {act}; When {n} {act}, {n} {takes} {n} {time}; {N} seems {adj} {time}, and that {takes} {n};
    At ISO {iso}, {n} {act}; {Place} we took {frames} frames: {n} {act} and {n} {takes} {n}; Neither {n} nor {n} {takes} {n};
    {Time}, {n} is {adj}; {N} of the {camera} {act} if {n} is {adj}; What {takes} {n} is {n}; Over {frames} frames, {n} {act} {time};
    Nobody buys a {camera} for that, but {n} {takes} {n}; So {n} {act}, and so does all else; One thing is {adj}: {n} {takes} {n}`,
    ';',
  ),
  withLens: phrases(
    `
    With the {lens}, {n} {act} {time}; The {lens} {takes} {n}; {N} of the {lens} is {adj} and {n} {act}; {Place}, the {lens} {takes} {n} {time}`,
    ';',
  ),
  titles: phrases(
    `
    {camera}: {n} and {n}; {camera} {place}; {camera}: {n} {takes} {n}; {camera}: when {n} {act}; {camera}: {n} {time};
    {camera}, {n} and {n}; {camera}: {days} days {place}; {camera}: {n} {act}`,
    ';',
  ),
  headings: phrases(`
    In the hand, Focus, Image quality, Colour, Video, Battery, In the street, On the road, In low light, Beside the others, What is missing,
    Whom it suits, Details, Portraits, Action, After a month`),
  traits: phrases(`{N} is {adj}; {N} {act}; {N} {act} {time}; {N} and {n}; {N} {takes} {n}; {N}, {time}`, ';'),
  tags: phrases(`
    portrait, travel, street, landscape, nature, sport, wedding, video, night, birds, full-frame, aps-c, beginners, professional, studio,
    reportage, macro, architecture, mountains, sea, black and white, pocket, rain, second-hand, family, concerts, astrophotography, children,
    fashion, product, food, documentary, theatre, motorsport, hiking, diving, drones, film, archive, city, interiors, pets, football, dance,
    vlog, streaming, minimalism, wide-angle, telephoto, prime, zoom, flash, tripod, printing, editing, colour`),
  rare: {
    starts: words(`
      photo micro macro multi auto hyper infra ultra tele retro contra semi sub over inter trans mono bi tri poly electro opto thermo chrono
      chromo stereo radio video mega nano neo holo iso para peri anti pre pro exo meta endo epi geo aero hydro pyro litho xeno techno cine`),
    middles: words(`
      lumin focal graph contrast satur refract granul densit vign plan conc conv prism crystal reflect exposit latent argent collod cyan magent
      ocul pupil retin diaphr lament spectr polar dispers absorb diffus incid radi vector matric weft puls osc modul calibr regul registr captur
      tempor rotat pivot artic bevel turn mill polish enamel varnish lacquer cement temper found grind braid embroid pleat curv tens elast spring
      lever gear drum roller pinion link nail rivet weld joint seal`),
    ends: ['ure', 'ism', 'age'],
    article: () => 'the',
  },
}
