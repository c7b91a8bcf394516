// The scripts of the portal: entry → the most it may weigh with everything that it imports at once (gzip, kB = 1,000
// bytes). Each entry is src/NAME.ts; Python finds its built address with portal/look.py::script_address("NAME.ts").
// The chat widget has two: what its tag loads, and the application in its frame.
export const ENTRIES = {
  portal: 6,
  widgetLoader: 3,
  widget: 45,
}
