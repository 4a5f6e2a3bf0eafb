package io.github.esteira.gateway;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/**
 * Runs a class's tests against a gateway in front of a stub, with limits that they can reach
 * quickly and a circuit that stays closed.
 */
abstract class GatewayTest {

	static StubInferenceService stub;

	static RunningGateway gateway;

	@BeforeAll
	static void startShared() {
		stub = Shared.STUB;
		gateway = Shared.GATEWAY;
	}

	@BeforeEach
	void answerAgain() {
		stub.will(StubInferenceService.json(200, StubInferenceService.ANSWER));
	}

	@AfterAll
	static void answerForOthers() {
		stub.will(StubInferenceService.json(200, StubInferenceService.ANSWER));
	}

	/** Started once for all classes; it ends with the JVM, whose shutdown hook closes the application. */
	private static final class Shared {

		static final StubInferenceService STUB = new StubInferenceService();

		static final RunningGateway GATEWAY = RunningGateway.start(STUB.baseUrl(),
				"--gateway.upstream.connect-timeout=1s", "--gateway.upstream.response-timeout=1500ms",
				"--gateway.upstream.max-answer-size=10KB", "--gateway.prediction.max-body-size=64KB",
				"--gateway.rate-limit.requests=100000", "--gateway.circuit-breaker.window=100000",
				"--server.tomcat.connection-timeout=1500ms");

	}

}
