package io.github.esteira.gateway;

import static io.github.esteira.gateway.RunningGateway.VALID;
import static io.github.esteira.gateway.RunningGateway.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class CorrelationTest extends GatewayTest {

	private static final String TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

	private static final String TRACE_PARENT = "00-" + TRACE_ID + "-b7ad6b7169203331-01";

	@Test
	void aWellFormedIdIsForwardedReturnedAndLogged(CapturedOutput output) {
		String id = "order-4711." + UUID.randomUUID();

		HttpResponse<String> answer = send(gateway.prediction(VALID).header("X-Request-Id", id));

		assertThat(answer.headers().allValues("X-Request-Id")).containsExactly(id);
		assertThat(forwarded("X-Request-Id")).containsExactly(id);
		JsonNode line = accessLog(output, id);
		assertThat(line.at("/http/request/method").asString()).isEqualTo("POST");
		assertThat(line.at("/url/path").asString()).isEqualTo("/api/v1/predictions");
		assertThat(line.at("/http/response/status_code").asInt()).isEqualTo(200);
		assertThat(line.at("/event/duration").asLong()).isPositive();
		assertThat(line.at("/service/name").asString()).isEqualTo("api-gateway");
		assertThat(line.at("/ecs/version").asString()).isNotEmpty();
	}

	@ParameterizedTest
	@ValueSource(strings = { "short", "white space", "quote\"quote\"", "{\"json\":1}",
			"0123456789012345678901234567890123456789012345678901234567890123456789" })
	void anyOtherIdIsReplaced(String id) {
		HttpResponse<String> answer = send(gateway.prediction(VALID).header("X-Request-Id", id));

		String replaced = answer.headers().firstValue("X-Request-Id").orElseThrow();
		assertThat(UUID.fromString(replaced)).hasToString(replaced);
		assertThat(forwarded("X-Request-Id")).containsExactly(replaced);
	}

	@Test
	void everyRequestGetsAnIdOfItsOwn() {
		String first = gateway.predict().headers().firstValue("X-Request-Id").orElseThrow();
		String second = gateway.predict().headers().firstValue("X-Request-Id").orElseThrow();

		assertThat(first).isNotEqualTo(second);
	}

	@Test
	void anIdThatTheServiceReturnsIsNotPassedOn() {
		stub.will(exchange -> {
			exchange.getResponseHeaders().set("X-Request-Id", "from-the-service");
			exchange.getResponseHeaders().set("Server", "uvicorn");
			exchange.sendResponseHeaders(200, -1);
		});

		HttpResponse<String> answer = gateway.predict();

		assertThat(answer.headers().allValues("X-Request-Id")).hasSize(1).doesNotContain("from-the-service");
		assertThat(answer.headers().firstValue("Server")).isEmpty();
	}

	@Test
	void theTraceContextPassesThroughAndIsLogged(CapturedOutput output) {
		HttpResponse<String> answer = send(gateway.prediction(VALID).header("traceparent", TRACE_PARENT)
			.header("tracestate", "vendor=value"));

		assertThat(forwarded("traceparent")).containsExactly(TRACE_PARENT);
		assertThat(forwarded("tracestate")).containsExactly("vendor=value");
		JsonNode line = accessLog(output, answer.headers().firstValue("X-Request-Id").orElseThrow());
		assertThat(line.at("/trace/id").asString()).isEqualTo(TRACE_ID);
	}

	@Test
	void aMalformedTraceContextIsNotLogged(CapturedOutput output) {
		HttpResponse<String> answer = send(gateway.prediction(VALID).header("traceparent", "00-forged-01"));

		JsonNode line = accessLog(output, answer.headers().firstValue("X-Request-Id").orElseThrow());
		assertThat(line.at("/trace/id").isMissingNode()).isTrue();
	}

	@Test
	void theQueryIsNotLogged(CapturedOutput output) {
		HttpResponse<String> answer = gateway.get("/nope?token=hunter2");

		accessLog(output, answer.headers().firstValue("X-Request-Id").orElseThrow());
		assertThat(output.getOut()).doesNotContain("hunter2");
	}

	@Test
	void probesAreNotLogged(CapturedOutput output) {
		gateway.get("/health/live");
		gateway.get("/actuator/prometheus");

		HttpResponse<String> answer = gateway.get("/nope");
		accessLog(output, answer.headers().firstValue("X-Request-Id").orElseThrow());
		assertThat(output.getOut()).doesNotContain("/health/live", "/actuator/prometheus");
	}

	private static List<String> forwarded(String header) {
		assertThat(stub.received()).hasSize(1);
		return stub.received().getFirst().headers().get(header);
	}

	/** The line is written after the answer has gone out, so it may come a moment later. */
	private static JsonNode accessLog(CapturedOutput output, String id) {
		return await()
			.until(() -> output.getOut().lines()
				.filter(line -> line.contains("\"logger\":\"access\"") && line.contains(id))
				.map(JsonMapper.shared()::readTree)
				.findFirst(), Optional::isPresent)
			.orElseThrow();
	}

}
