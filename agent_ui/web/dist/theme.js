// Before the first paint: theme, density and language as last chosen, so that nothing flashes. A file, not inline,
// because the content security policy allows no inline script.
(function () {
  var root = document.documentElement
  function get(key) {
    try {
      return localStorage.getItem('sampark:' + key)
    } catch {
      return null
    }
  }
  var theme = get('theme')
  var dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  root.dataset.theme = dark ? 'dark' : 'light'
  root.dataset.density = get('density') === 'compact' ? 'compact' : 'comfortable'
  root.lang = get('locale') || 'en'
})()
