// The Spanish of the corpus: words, the sentences that they stand in, and the parts of which rare words are made.
import type { Tongue } from './corpus-prose.ts'
import { phrases, words } from './corpus-prose.ts'

export const spanish: Tongue = {
  // With their articles. All singular, and adjectives of one ending for both genders, so that every sentence agrees.
  nouns: phrases(`
    la cámara, el sensor, la imagen, el enfoque, la luz, el lente, la batería, el color, la nitidez, el visor, la pantalla, el cuerpo,
    la exposición, el contraste, el detalle, la empuñadura, el video, la estabilización, el obturador, el diafragma, la sombra, el cielo,
    el retrato, la piel, el peso, la velocidad, el ruido, la ráfaga, el archivo, el menú, el dial, el botón, la resolución, la textura,
    el desenfoque, la distorsión, el zoom, la distancia focal, la apertura, el flash, el trípode, la correa, el anillo, el filtro,
    la película, el recorte, la edición, el histograma, la latitud, el tono, la saturación, el balance de blancos, la medición, el paisaje,
    la calle, el reportaje, la boda, el viaje, la montaña, el mar, la ciudad, el deporte, la fauna, el ave, la noche, la estrella,
    el amanecer, el contraluz, el reflejo, la perspectiva, la composición, el encuadre, el primer plano, el fondo, el movimiento,
    la trepidación, la sensibilidad, el procesador, la memoria, la tarjeta, el cable, el micrófono, el audio, la conexión, la aplicación,
    la construcción, el sello, la humedad, el polvo, la lluvia, el frío, el calor, la garantía, el precio, el mercado, la reventa,
    el servicio técnico, la montura, el adaptador, la cremallera, la bolsa, el estudio, el fotógrafo, la modelo, el cliente, el oficio,
    la paciencia, el ritmo, la confianza, la costumbre, la ergonomía, el silencio, la autonomía, la compatibilidad, la viñeta,
    la aberración, el destello, el moaré, la difracción, la profundidad de campo, el bokeh, el rango dinámico, el rastreo, el ojo`),
  acts: phrases(`
    convence, cumple, sorprende, decepciona, responde, alcanza, falla, mejora, aguanta, cansa, molesta, ayuda, pesa, cuenta, acierta,
    duda, brilla, se nota, se agradece, se resiente, se defiende, se queda corto con los años, envejece bien, trabaja sin ruido, llega tarde,
    llega a tiempo, pide práctica, pide cuidado, no estorba, no perdona, rinde, engaña, sobra, falta, pasa inadvertido, vale la pena`),
  takes: phrases(`
    mejora, exige, acompaña, condiciona, explica, limita, favorece, oculta, revela, recuerda, supera, iguala, merece, salva, define,
    compensa, justifica, encarece, simplifica, complica, respeta, cuida, castiga, resuelve, ordena, afina, protege, anuncia, discute, sostiene`),
  adjectives: words(`
    excelente notable suficiente fiable agradable brillante estable ágil útil simple fuerte débil pobre mejorable visible evidente impecable
    formidable aceptable razonable grande pequeño frágil eficiente constante sobresaliente confiable versátil común insuficiente elegante
    discreto natural amable flexible potente decente admirable inestable sensible superior inferior original ideal normal especial`),
  times: phrases(`
    casi siempre, a veces, de noche, al amanecer, en la práctica, en el campo, con poca luz, a pulso, sin esfuerzo, desde el primer día,
    después de un mes, con lluvia, a pleno sol, a máxima apertura, en interiores, en manos expertas, a cualquier distancia, en ráfaga,
    con el paso de las semanas, en silencio, sin trípode, con viento, a contraluz, en el estudio, durante el viaje, en la calle`),
  places: phrases(`
    en Buenos Aires, en Bogotá, en Lima, en Santiago, en Montevideo, en la Patagonia, en Cusco, en Medellín, en Quito, en La Paz,
    en Valparaíso, en Mendoza, en Cartagena, en Asunción, en Rosario, en el salar de Uyuni, en el Chocó, en Ushuaia, en Bariloche,
    en el valle del Elqui, en Arequipa, en Córdoba, en Salta, en el Amazonas, en los Andes, en Guayaquil, en Chiloé, en el desierto de Atacama`),
  sentences: phrases(
    `
    {N} {act} {time}; {N} {takes} {n}; {N} es {adj} y {n} {act}; Con la {camera}, {n} {act} {time}; {Place} {n} {takes} {n};
    {N} {takes} {n}, aunque {n} {act}; Cuando {n} {act}, {n} {takes} {n} {time}; {N} resulta {adj} {time}, y eso {takes} {n};
    A ISO {iso}, {n} {act}; {Place} hicimos {frames} fotos: {n} {act} y {n} {takes} {n}; Ni {n} ni {n} {takes} {n};
    {Time}, {n} es {adj}; {N} de la {camera} {act} si {n} es {adj}; Lo que {takes} {n} es {n}; En {frames} disparos, {n} {act} {time};
    Nadie compra una {camera} por eso, pero {n} {takes} {n}; Tanto {n} como {n} {act}; Hay algo {adj}: {n} {takes} {n}`,
    ';',
  ),
  withLens: phrases(
    `
    Con el {lens}, {n} {act} {time}; El {lens} {takes} {n}; {N} del {lens} es {adj} y {n} {act}; {Place}, el {lens} {takes} {n} {time}`,
    ';',
  ),
  titles: phrases(
    `
    {camera}: {n} y {n}; {camera} {place}; {camera}: {n} {takes} {n}; {camera}: cuando {n} {act}; {camera}: {n} {time}; {camera}, {n} y {n};
    {camera}: {days} días {place}; {camera}: {n} {act}`,
    ';',
  ),
  headings: phrases(`
    En la mano, Enfoque, Calidad de imagen, Color, Video, Autonomía, En la calle, De viaje, Con poca luz, Frente a las demás, Lo que falta,
    Para quién es, Detalles, Retrato, Acción, Después de un mes`),
  traits: phrases(`{N} {adj}; {N} que {act}; {N} {time}; {N} y {n}; {N} que {takes} {n}; {N} {act} {time}`, ';'),
  tags: phrases(`
    retrato, viaje, calle, paisaje, naturaleza, deporte, boda, video, noche, aves, full-frame, aps-c, principiantes, profesional, estudio,
    reportaje, macro, arquitectura, montaña, mar, blanco y negro, bolsillo, lluvia, segunda mano, familia, conciertos, astrofotografía, niños,
    moda, producto, comida, documental, teatro, automovilismo, senderismo, buceo, drones, película, archivo, ciudad, interiores, mascotas,
    fútbol, danza, vlog, streaming, minimalismo, gran angular, teleobjetivo, lente fijo, zoom, flash, trípode, impresión, edición, color`),
  rare: {
    starts: words(`
      foto micro macro multi auto hiper infra ultra tele retro contra semi sub sobre inter trans mono bi tri poli electro opto termo crono
      cromo estereo radio video mega nano neo holo iso para peri anti pre pro exo meta endo epi geo aero hidro piro lito xeno tecno cine`),
    middles: words(`
      lumin focal graf contrast satur refract granul densit vign plan conc conv pris cristal reflect exposit latent argent colod cian magent
      ocul pupil retin diafr lament espectr polar dispers absor difus incid radi vector matric tram puls osc modul calibr regul registr captur
      tempor rotat pivot art bisel torn fres pulid esmalt barniz lac ciment templ fund molin trenz bord plisad curv tens elast resort palanc
      engran tambor rodill piñ eslab clav remach sold junt sell`),
    ends: ['ura', 'ismo', 'aje'],
    article: (word) => (word.endsWith('a') ? 'la' : 'el'),
  },
}
