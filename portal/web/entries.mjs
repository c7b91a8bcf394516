// The scripts of the portal: entry → the most it may weigh with everything that it imports at once (gzip, kB = 1,000
// bytes). Each entry is src/NAME.ts; Python finds its built address with portal/look.py::script_address("NAME.ts").
// The chat widget's two scripts belong here as well: a loader of at most 3 kB and its application of at most 45 kB.
export const ENTRIES = {
  portal: 6,
}
