package io.github.esteira.gateway;

import static io.github.esteira.gateway.ProblemAssert.assertProblem;
import static io.github.esteira.gateway.StubInferenceService.ANSWER;
import static io.github.esteira.gateway.StubInferenceService.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import java.net.http.HttpResponse;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CircuitBreakerTest {

	private static final int WINDOW = 4;

	private static StubInferenceService stub;

	private static RunningGateway gateway;

	@BeforeAll
	static void start() {
		stub = new StubInferenceService();
		gateway = RunningGateway.start(stub.baseUrl(), "--gateway.circuit-breaker.window=" + WINDOW,
				"--gateway.circuit-breaker.open-for=1s", "--gateway.circuit-breaker.trial-calls=1");
	}

	@AfterAll
	static void stop() {
		gateway.close();
		stub.close();
	}

	@BeforeEach
	void forgetCallsOfOtherTests() {
		gateway.context().getBean(CircuitBreaker.class).reset();
	}

	@Test
	void opensWhenTheServiceFailsAndClosesWhenItRecovers() {
		stub.will(json(500, "{}"));
		repeat(WINDOW, 502);

		HttpResponse<String> refused = gateway.predict();
		assertProblem(refused, 503, "circuit-open");
		assertThat(refused.headers().firstValue("Retry-After")).hasValue("1");
		assertThat(stub.received()).as("an open circuit asks nobody").hasSize(WINDOW);
		assertThat(gateway.get("/health/ready").statusCode()).isEqualTo(200);
		assertThat(gateway.get("/actuator/prometheus").body())
			.contains("resilience4j_circuitbreaker_state{name=\"inference-service\",state=\"open\"} 1.0");

		stub.will(json(200, ANSWER));
		await().until(() -> gateway.predict().statusCode() == 200);
		assertThat(gateway.context().getBean(CircuitBreaker.class).getState()).isEqualTo(CircuitBreaker.State.CLOSED);
	}

	@Test
	void aClientsMistakesDoNotOpenIt() {
		stub.will(json(422, "{}"));
		repeat(2 * WINDOW, 422);
		for (int i = 0; i < 2 * WINDOW; i++) {
			RunningGateway.send(gateway.prediction("{}"));
		}
		stub.will(json(200, ANSWER));

		assertThat(gateway.predict().statusCode()).isEqualTo(200);
	}

	@Test
	void aFaultOfTheGatewayDoesNotOpenIt() {
		CircuitBreaker breaker = gateway.context().getBean(CircuitBreaker.class);

		for (int i = 0; i < 2 * WINDOW; i++) {
			assertThatIllegalStateException().isThrownBy(() -> breaker.executeCallable(() -> {
				throw new IllegalStateException();
			}));
		}

		assertThat(breaker.getState()).isEqualTo(CircuitBreaker.State.CLOSED);
	}

	private static void repeat(int times, int status) {
		for (int i = 0; i < times; i++) {
			assertThat(gateway.predict().statusCode()).isEqualTo(status);
		}
	}

}
