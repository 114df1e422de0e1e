// Shows the contract that this service gives out, for reading: nothing is asked from here, and no other host is spoken to.
window.addEventListener("DOMContentLoaded", () => {
  window.SwaggerUIBundle({
    dom_id: "#contract",
    url: "openapi.json",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    filter: true,
    presets: [window.SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    supportedSubmitMethods: [],
    syntaxHighlight: false,
    validatorUrl: null,
    tryItOutEnabled: false,
    queryConfigEnabled: false,
    persistAuthorization: false,
  });
});
