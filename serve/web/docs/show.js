// The API's description by Swagger UI (https://swagger.io/docs/open-source-tools/swagger-ui/).
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  displayRequestDuration: true,
  // Else a picture is asked for elsewhere, with the description's address.
  validatorUrl: null,
});
