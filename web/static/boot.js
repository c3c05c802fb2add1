// Runs before the page is painted and before app.js: the components hide what
// a script will show only when the body says that scripts work.
document.body.className += ' js-enabled' + ('noModule' in HTMLScriptElement.prototype ? ' govuk-frontend-supported' : '');
