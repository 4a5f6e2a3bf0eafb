package io.github.esteira.gateway;

import static io.github.esteira.gateway.ProblemAssert.assertProblem;
import static io.github.esteira.gateway.RunningGateway.VALID;
import static io.github.esteira.gateway.RunningGateway.send;
import static io.github.esteira.gateway.StubInferenceService.ANSWER;
import static io.github.esteira.gateway.StubInferenceService.answer;
import static io.github.esteira.gateway.StubInferenceService.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;

import org.junit.jupiter.api.Test;

class PassThroughTest extends GatewayTest {

	@Test
	void requestAndAnswerPassThrough() {
		HttpResponse<String> answer = gateway.predict();

		assertThat(answer.statusCode()).isEqualTo(200);
		assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/json");
		assertThat(answer.body()).isEqualTo(ANSWER);
		assertThat(stub.received()).singleElement().satisfies(received -> {
			assertThat(received.method()).isEqualTo("POST");
			assertThat(received.uri()).isEqualTo("/v1/predictions");
			assertThat(received.body()).isEqualTo(VALID);
			assertThat(received.headers().getFirst("Content-Length")).isEqualTo(String.valueOf(VALID.length()));
			assertThat(received.headers().keySet()).doesNotContain("Upgrade", "Accept-encoding", "Cookie");
		});
	}

	@Test
	void aBodySentInChunksArrivesWhole() {
		var chunked = BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(VALID.getBytes()));

		assertThat(send(gateway.prediction("").POST(chunked)).statusCode()).isEqualTo(200);
		assertThat(stub.received()).singleElement().extracting(StubInferenceService.Received::body).isEqualTo(VALID);
	}

	@Test
	void membersBesideTheInstancesPassThrough() {
		String body = "{\"model\":{\"name\":[\"iris\"]},\"instances\":[[1]]}";

		assertThat(send(gateway.prediction(body)).statusCode()).isEqualTo(200);
		assertThat(stub.received()).singleElement().extracting(StubInferenceService.Received::body).isEqualTo(body);
	}

	@Test
	void compressionIsBetweenClientAndService() {
		stub.will(exchange -> {
			exchange.getResponseHeaders().set("Content-Encoding", "gzip");
			answer(200, "application/json", "compressed").answer(exchange);
		});

		HttpResponse<String> answer = send(gateway.prediction(VALID).header("Accept-Encoding", "gzip"));

		assertThat(answer.headers().firstValue("Content-Encoding")).hasValue("gzip");
		assertThat(answer.body()).isEqualTo("compressed");
	}

	@Test
	void aRefusalOfTheServicePassesThrough() {
		stub.will(json(422, "{\"detail\":\"4 features expected\"}"));

		HttpResponse<String> answer = gateway.predict();

		assertThat(answer.statusCode()).isEqualTo(422);
		assertThat(answer.body()).isEqualTo("{\"detail\":\"4 features expected\"}");
	}

	@Test
	void aProblemOfTheServicePassesThrough() {
		stub.will(answer(503, "application/problem+json", "{\"title\":\"model is loading\",\"status\":503}"));

		HttpResponse<String> answer = gateway.predict();

		assertThat(answer.statusCode()).isEqualTo(503);
		assertThat(answer.body()).contains("model is loading");
		assertThat(stub.received()).as("a POST that was sent is not repeated").hasSize(1);
	}

	@Test
	void anyOtherFailureOfTheServiceIsHidden() {
		stub.will(answer(500, "text/plain", "Traceback: secret.py line 3"));

		HttpResponse<String> answer = gateway.predict();

		assertProblem(answer, 502, "upstream-bad-answer");
		assertThat(answer.body()).doesNotContain("secret.py").contains("500");
		assertThat(stub.received()).as("a POST that was sent is not repeated").hasSize(1);
	}

	@Test
	void anAnswerThatIsTooLargeIsRefused() {
		stub.will(json(200, "\"" + "x".repeat(10 * 1024) + "\""));

		assertProblem(gateway.predict(), 502, "upstream-bad-answer");
	}

	@Test
	void anAnswerOfNoValidTypeIsRefused() {
		stub.will(answer(200, "not a type", "{}"));

		assertProblem(gateway.predict(), 502, "upstream-bad-answer");
	}

	@Test
	void aRedirectIsNotFollowed() {
		stub.will(exchange -> {
			exchange.getResponseHeaders().set("Location", "/elsewhere");
			exchange.sendResponseHeaders(307, -1);
		});

		assertThat(gateway.predict().statusCode()).isEqualTo(307);
		assertThat(stub.received()).hasSize(1);
	}

}
