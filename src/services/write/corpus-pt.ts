// The Portuguese of the corpus: words, the sentences that they stand in, and the parts of which rare words are made.
import type { Tongue } from './corpus-prose.ts'
import { phrases, words } from './corpus-prose.ts'

export const portuguese: Tongue = {
  // With their articles. All singular, and adjectives of one ending for both genders, so that every sentence agrees.
  nouns: phrases(`
    a câmera, o sensor, a imagem, o foco, a luz, a lente, a bateria, a cor, a nitidez, o visor, a tela, o corpo, a exposição, o contraste,
    o detalhe, a empunhadura, o vídeo, a estabilização, o obturador, o diafragma, a sombra, o céu, o retrato, a pele, o peso, a velocidade,
    o ruído, a rajada, o arquivo, o menu, o disco, o botão, a resolução, a textura, o desfoque, a distorção, o zoom, a distância focal,
    a abertura, o flash, o tripé, a alça, o anel, o filtro, o filme, o recorte, a edição, o histograma, a latitude, o tom, a saturação,
    o balanço de branco, a medição, a paisagem, a rua, a reportagem, o casamento, a viagem, a serra, o mar, a cidade, o esporte, a fauna,
    a ave, a noite, a estrela, o amanhecer, a contraluz, o reflexo, a perspectiva, a composição, o enquadramento, o primeiro plano, o fundo,
    o movimento, o tremor, a sensibilidade, o processador, a memória, o cartão, o cabo, o microfone, o áudio, a conexão, o aplicativo,
    a construção, a vedação, a umidade, a poeira, a chuva, o frio, o calor, a garantia, o preço, o mercado, a revenda,
    a assistência técnica, a montagem, o adaptador, o zíper, a bolsa, o estúdio, o fotógrafo, a modelo, o cliente, o ofício, a paciência,
    o ritmo, a confiança, o costume, a ergonomia, o silêncio, a autonomia, a compatibilidade, a vinheta, a aberração, o brilho, o moiré,
    a difração, a profundidade de campo, o bokeh, o alcance dinâmico, o rastreamento, o olho, a pauta, a bancada, o enredo`),
  acts: phrases(`
    convence, cumpre, surpreende, decepciona, responde, alcança, falha, melhora, aguenta, cansa, incomoda, ajuda, pesa, conta, acerta,
    hesita, brilha, aparece, se percebe, se ressente, se defende, envelhece bem, trabalha sem ruído, chega tarde, chega a tempo, pede prática,
    pede cuidado, não atrapalha, não perdoa, rende, engana, sobra, falta, passa despercebido com o uso, vale a pena, dá conta do recado`),
  takes: phrases(`
    melhora, exige, acompanha, condiciona, explica, limita, favorece, esconde, revela, lembra, supera, iguala, merece, salva, define,
    compensa, justifica, encarece, simplifica, complica, respeita, protege, castiga, resolve, organiza, afina, anuncia, discute, sustenta, poupa`),
  adjectives: words(`
    excelente notável suficiente confiável agradável brilhante estável ágil útil simples forte frágil pobre visível evidente impecável
    formidável aceitável razoável grande eficiente constante versátil comum insuficiente elegante natural amável flexível potente decente
    admirável instável sensível superior inferior original ideal normal especial enorme leve breve discutível plausível`),
  times: phrases(`
    quase sempre, às vezes, de noite, ao amanhecer, na prática, no campo, com pouca luz, na mão, sem esforço, desde o primeiro dia,
    depois de um mês, com chuva, a pleno sol, na abertura máxima, em interiores, em mãos experientes, a qualquer distância, em rajada,
    com o passar das semanas, em silêncio, sem tripé, com vento, na contraluz, no estúdio, durante a viagem, na rua`),
  places: phrases(`
    em São Paulo, no Rio de Janeiro, em Salvador, no Recife, em Belém, em Manaus, em Ouro Preto, em Curitiba, em Porto Alegre,
    em Florianópolis, no Pantanal, na Chapada Diamantina, nos Lençóis Maranhenses, em Brasília, em Paraty, em Olinda, em Fortaleza,
    na Amazônia, em Belo Horizonte, no Jalapão, em Fernando de Noronha, na serra da Mantiqueira, em Natal, em Goiânia, em Santos,
    na serra Gaúcha, em Tiradentes, em Alcântara`),
  sentences: phrases(
    `
    {N} {act} {time}; {N} {takes} {n}; {N} é {adj} e {n} {act}; Com a {camera}, {n} {act} {time}; {Place} {n} {takes} {n};
    {N} {takes} {n}, embora pouco: {n} {act}; Quando {n} {act}, {n} {takes} {n} {time}; {N} parece {adj} {time}, e isso {takes} {n};
    Em ISO {iso}, {n} {act}; {Place} fizemos {frames} fotos: {n} {act} e {n} {takes} {n}; Nem {n} nem {n} {takes} {n}; {Time}, {n} é {adj};
    {N} da {camera} {act} se {n} é {adj}; O que {takes} {n} é {n}; Em {frames} disparos, {n} {act} {time};
    Ninguém compra uma {camera} por isso, mas {n} {takes} {n}; Tanto {n} quanto {n} {act}; Há algo {adj}: {n} {takes} {n}`,
    ';',
  ),
  withLens: phrases(
    `
    Com a {lens}, {n} {act} {time}; A {lens} {takes} {n}; {N} da {lens} é {adj} e {n} {act}; {Place}, a {lens} {takes} {n} {time}`,
    ';',
  ),
  titles: phrases(
    `
    {camera}: {n} e {n}; {camera} {place}; {camera}: {n} {takes} {n}; {camera}: quando {n} {act}; {camera}: {n} {time}; {camera}, {n} e {n};
    {camera}: {days} dias {place}; {camera}: {n} {act}`,
    ';',
  ),
  headings: phrases(`
    Na mão, Foco, Qualidade de imagem, Cor, Vídeo, Autonomia, Na rua, Em viagem, Com pouca luz, Diante das outras, O que falta, Para quem é,
    Detalhes, Retrato, Ação, Depois de um mês`),
  traits: phrases(`{N} {adj}; {N} que {act}; {N} {time}; {N} e {n}; {N} que {takes} {n}; {N} {act} {time}`, ';'),
  tags: phrases(`
    retrato, viagem, rua, paisagem, natureza, esporte, casamento, vídeo, noite, aves, full-frame, aps-c, iniciantes, profissional, estúdio,
    reportagem, macro, arquitetura, montanha, mar, preto e branco, bolso, chuva, usadas, família, shows, astrofotografia, crianças, moda,
    produto, comida, documentário, teatro, automobilismo, trilha, mergulho, drones, filme, arquivo, cidade, interiores, bichos, futebol, dança,
    vlog, transmissão, minimalismo, grande-angular, teleobjetiva, lente fixa, zoom, flash, tripé, impressão, edição, cor`),
  rare: {
    starts: words(`
      foto micro macro multi auto hiper infra ultra tele retro contra semi sub sobre inter trans mono bi tri poli eletro opto termo crono
      cromo estéreo rádio vídeo mega nano neo holo iso para peri anti pré pró exo meta endo epi geo aero hidro piro lito xeno tecno cine`),
    middles: words(`
      lumin focal graf contrast satur refrat granul densit vinhet plan conc conv pris cristal reflet exposit latent argent colod cian magent
      ocul pupil retin diafr lament espectr polar dispers absorv difus incid radi vetor matric tram puls osc modul calibr regul registr captur
      tempor rotat pivot art bisel torn fres polid esmalt verniz lac ciment temper fund moinh tranç bord pregue curv tens elast mol alavanc
      engren tambor rolet pinh elo crav rebit sold junt vedaç`),
    ends: ['ura', 'ismo', 'agem'],
    article: (word) => (word.endsWith('ismo') ? 'o' : 'a'),
  },
}
