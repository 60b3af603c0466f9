// Sets theme and language on <html> before anything is painted, from the stored preferences. A file of its own because the
// content security policy allows no inline script.
(function () {
  var stored = {};
  try {
    stored = JSON.parse(localStorage.getItem('throughline.preferences') || '{}');
  } catch (ignored) {
    stored = {};
  }
  var dark = stored.theme === 'dark' || (stored.theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  document.documentElement.lang = stored.language === 'ko' || (!stored.language && /^ko/.test(navigator.language)) ? 'ko' : 'en';
})();
