package io.github.esteira.gateway;

import static io.github.esteira.gateway.ProblemAssert.assertProblem;
import static io.github.esteira.gateway.RunningGateway.VALID;
import static io.github.esteira.gateway.RunningGateway.send;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that the gateway refuses by itself. */
class ProblemTest extends GatewayTest {

	private static final int LIMIT = 64 * 1024;

	@AfterEach
	void nothingReachedTheService() {
		assertThat(stub.received()).isEmpty();
	}

	@ParameterizedTest
	@ValueSource(strings = { "/", "/nope", "/api/v1/predictions/", "/api/v1/predictions/1", "/v1/predictions", "/error",
			"/actuator/env", "/actuator/shutdown" })
	void unknownPath(String path) {
		assertProblem(gateway.get(path), 404);
	}

	@ParameterizedTest
	@ValueSource(strings = { "GET", "PUT", "DELETE", "PATCH", "OPTIONS" })
	void wrongMethod(String method) {
		HttpResponse<String> answer = send(
				gateway.request("/api/v1/predictions").method(method, BodyPublishers.noBody()));

		assertProblem(answer, 405);
		assertThat(answer.headers().firstValue("Allow")).hasValue("POST");
	}

	@ParameterizedTest
	@ValueSource(strings = { "text/plain", "application/xml", "application/x-www-form-urlencoded",
			"application/problem+json", "not a type" })
	void wrongContentType(String contentType) {
		HttpResponse<String> answer = send(gateway.prediction(VALID).setHeader("Content-Type", contentType));

		assertProblem(answer, 415);
	}

	@Test
	void noContentType() {
		var request = gateway.request("/api/v1/predictions").POST(BodyPublishers.ofString(VALID));

		HttpResponse<String> answer = send(request);

		assertProblem(answer, 415, "unsupported-media-type");
		assertThat(answer.headers().firstValue("Accept-Post")).hasValue("application/json");
	}

	@Test
	void compressedBody() {
		HttpResponse<String> answer = send(gateway.prediction(VALID).header("Content-Encoding", "gzip"));

		assertProblem(answer, 415, "unsupported-content-encoding");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			''                         | 422
			{                          | 400
			{"instances":[[1]]         | 400
			{"instances":[[1]]}{}      | 422
			{"instances":[[1],[1,2]]}  | 422
			""")
	void wrongBody(String body, int status) {
		assertProblem(send(gateway.prediction(body)), status);
	}

	@ParameterizedTest
	@ValueSource(strings = { "text/html", "application/xml;q=0.5", "not a type" })
	void theAnswerIsAProblemWhateverTheClientAccepts(String accept) {
		HttpResponse<String> answer = send(gateway.prediction("{}").header("Accept", accept));

		assertThat(assertProblem(answer, 422, "wrong-shape").path("instance").asString())
			.isEqualTo("/api/v1/predictions");
	}

	@Test
	void bodyThatSaysItIsTooLarge() {
		HttpResponse<String> answer = send(gateway.prediction(" ".repeat(LIMIT) + VALID));

		assertProblem(answer, 413, "body-too-large");
	}

	@Test
	void bodyInChunksThatIsTooLarge() {
		byte[] body = (" ".repeat(LIMIT) + VALID).getBytes(US_ASCII);
		var chunked = BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body));

		assertProblem(send(gateway.prediction("").POST(chunked)), 413, "body-too-large");
	}

	@Test
	void bodyThatDoesNotArrive() throws IOException {
		String answer = raw(post("/api/v1/predictions", 10) + "{");

		assertThat(answer).startsWith("HTTP/1.1 408")
			.contains("application/problem+json", "\"instance\":\"/api/v1/predictions\"");
	}

	@Test
	void queryThatCannotBeDecoded() throws IOException {
		String answer = raw(post("/api/v1/predictions?a=%zz", VALID.length()) + VALID);

		assertThat(answer).startsWith("HTTP/1.1 400").contains("application/problem+json");
	}

	@Test
	void requestThatIsNotHttp() throws IOException {
		String answer = raw("GET /a|b HTTP/1.1\r\nHost: gateway\r\n\r\n");

		assertThat(answer).startsWith("HTTP/1.1 400").contains("application/problem+json", "\"status\":400")
			.doesNotContain("<html");
	}

	private static String post(String target, int length) {
		return String.join("\r\n", "POST " + target + " HTTP/1.1", "Host: gateway", "Content-Type: application/json",
				"Content-Length: " + length, "Connection: close", "", "");
	}

	/** Sends what no HTTP client would, and reads until the server hangs up. */
	private static String raw(String request) throws IOException {
		try (Socket socket = new Socket("127.0.0.1", gateway.uri("/").getPort())) {
			socket.getOutputStream().write(request.getBytes(US_ASCII));
			return new String(socket.getInputStream().readAllBytes(), US_ASCII);
		}
	}

}
