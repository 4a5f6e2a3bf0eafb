package io.github.esteira.gateway;

import static io.github.esteira.gateway.ProblemAssert.assertProblem;
import static io.github.esteira.gateway.RunningGateway.VALID;
import static io.github.esteira.gateway.RunningGateway.send;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RateLimitTest {

	private static final int LIMIT = 3;

	private static StubInferenceService stub;

	private static RunningGateway gateway;

	@BeforeAll
	static void start() {
		stub = new StubInferenceService();
		gateway = RunningGateway.start(stub.baseUrl(), "--gateway.rate-limit.requests=" + LIMIT,
				"--gateway.rate-limit.period=1h");
	}

	@AfterAll
	static void stop() {
		gateway.close();
		stub.close();
	}

	@Test
	void oneRequestTooManyIsRefusedAndSaysHowLong() {
		exhaust("203.0.113.1");
		stub.will(StubInferenceService.json(200, "{}"));

		HttpResponse<String> refused = predictFrom("203.0.113.1");

		assertProblem(refused, 429, "rate-limited");
		assertThat(refused.headers().firstValueAsLong("Retry-After").orElseThrow()).isBetween(1L, 3600L / LIMIT);
		assertThat(stub.received()).isEmpty();
	}

	@Test
	void anotherClientIsServed() {
		exhaust("203.0.113.2");

		assertThat(predictFrom("203.0.113.3").statusCode()).isEqualTo(200);
	}

	@Test
	void aClientCannotHideBehindAnAddressThatItMadeUp() {
		exhaust("203.0.113.4");

		assertProblem(predictFrom("198.51.100.9, 203.0.113.4"), 429, "rate-limited");
	}

	@Test
	void neighboursInOneIpv6NetworkCountAsOne() {
		exhaust("2001:db8::1");

		assertProblem(predictFrom("2001:db8::2"), 429, "rate-limited");
		assertThat(predictFrom("2001:db8:0:1::1").statusCode()).isEqualTo(200);
	}

	@Test
	void probesAreNotLimited() {
		for (int i = 0; i < 2 * LIMIT; i++) {
			assertThat(gateway.get("/health/live").statusCode()).isEqualTo(200);
		}
	}

	private static void exhaust(String client) {
		for (int i = 0; i < LIMIT; i++) {
			assertThat(predictFrom(client).statusCode()).isEqualTo(200);
		}
	}

	private static HttpResponse<String> predictFrom(String client) {
		return send(gateway.prediction(VALID).header("X-Forwarded-For", client));
	}

}
