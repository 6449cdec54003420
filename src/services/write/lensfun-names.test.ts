// Names of one thing are one name, and names of two things stay two.
import { expect, test } from 'bun:test'
import { brandOf, keyOf, modelOf } from './lensfun-names.ts'

test.each([
  ['Olympus Imaging Corp.', 'Olympus'],
  ['RICOH IMAGING COMPANY, LTD.', 'Ricoh'],
  ['Konica Minolta Camera, Inc.', 'Konica Minolta'],
  ['OM Digital Solutions', 'OM System'],
  ['Carl Zeiss AG', 'Zeiss'],
  ['Voigtlander', 'Voigtländer'],
  ['KMZ', 'KMZ'],
])('%s is %s', (maker, brand) => {
  expect(brandOf(maker)).toBe(brand)
})

test.each([
  ['NIKON CORPORATION', 'NIKON D850', 'D850'],
  ['Canon', 'EF 24-70mm f/2.8L II USM', 'EF 24-70mm f/2.8L II USM'],
  ['Sigma', 'Sigma 35mm f/1.4 DG HSM | Art 012', '35mm f/1.4 DG HSM'],
  ['Canon', 'Canon', 'Canon'],
])('%s %s is model %s', (maker, model, ours) => {
  expect(modelOf({ maker, model })).toBe(ours)
})

test.each([
  ['Canon', 'EF 24-70mm f/4.0L IS USM', 'EF24-70mm F4 L IS USM'],
  ['Sony', 'Alpha 7 II', 'a7 II'],
  ['Sony', 'Sonnar T* FE 55mm F1.8 ZA', 'FE 55mm f/1.8 ZA'],
  ['Panasonic', 'DMC-GH4', 'Lumix GH4'],
  ['Panasonic', 'Leica DG Nocticron 42.5mm f/1.2 Asph. Power OIS', 'Leica DG Nocticron 42.5mm F1.2'],
  ['Olympus', 'E-M1MarkII', 'OM-D E-M1 Mark II'],
  ['Olympus', 'M.Zuiko ED 12-45mm f/4.0 Pro', 'M.Zuiko Digital ED 12-45mm F4.0 PRO'],
  ['Sigma', '16mm f/1.4 DC DN C', '16mm F1.4 DC DN Contemporary'],
])('of %s, %s and %s are one', (brand, one, other) => {
  expect(keyOf(brand, one)).toBe(keyOf(brand, other))
})

test.each([
  ['Sony', 'Alpha 7', 'Alpha 77'],
  ['Canon', 'EOS 5D', 'EOS 5D Mark II'],
  ['Canon', 'EF 50mm f/1.8', 'EF 50mm f/1.8 STM'],
  ['Leica', 'Summilux-M 35mm f/1.4', 'Summilux-M 35mm f/1.4 ASPH.'],
  ['Nikon', 'AF-S NIKKOR 50mm f/1.4G', 'AF-S NIKKOR 50mm f/1.8G'],
  ['Olympus', 'E-M10', 'E-M1'],
])('of %s, %s and %s are two', (brand, one, other) => {
  expect(keyOf(brand, one)).not.toBe(keyOf(brand, other))
})
