package io.github.esteira.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.LivenessState;
import org.springframework.boot.availability.ReadinessState;

class HealthTest extends GatewayTest {

	@AfterEach
	void recover() {
		AvailabilityChangeEvent.publish(gateway.context(), LivenessState.CORRECT);
		AvailabilityChangeEvent.publish(gateway.context(), ReadinessState.ACCEPTING_TRAFFIC);
	}

	@ParameterizedTest
	@ValueSource(strings = { "/health/live", "/health/ready", "/actuator/health/liveness",
			"/actuator/health/readiness" })
	void up(String path) {
		var answer = gateway.get(path);

		assertThat(answer.statusCode()).isEqualTo(200);
		assertThat(answer.body()).isEqualTo("{\"status\":\"UP\"}");
	}

	@Test
	void refusingTrafficIsNotReadyButAlive() {
		AvailabilityChangeEvent.publish(gateway.context(), ReadinessState.REFUSING_TRAFFIC);

		assertThat(gateway.get("/health/ready").statusCode()).isEqualTo(503);
		assertThat(gateway.get("/actuator/health/readiness").statusCode()).isEqualTo(503);
		assertThat(gateway.get("/health/live").statusCode()).isEqualTo(200);
	}

	@Test
	void brokenIsNotAlive() {
		AvailabilityChangeEvent.publish(gateway.context(), LivenessState.BROKEN);

		assertThat(gateway.get("/health/live").statusCode()).isEqualTo(503);
		assertThat(gateway.get("/actuator/health/liveness").statusCode()).isEqualTo(503);
	}

	@Test
	void metricsOfRequestsCallsAndCircuit() {
		gateway.predict();

		assertThat(gateway.get("/actuator/prometheus").body())
			.containsPattern("http_server_requests_seconds_bucket\\{[^}]*status=\"200\","
					+ "uri=\"/api/v1/predictions\",le=\"0.25\"}")
			.contains("http_client_requests_seconds_count",
					"resilience4j_circuitbreaker_state{name=\"inference-service\",state=\"closed\"} 1.0",
					"resilience4j_retry_calls_total", "jvm_memory_used_bytes");
	}

}
