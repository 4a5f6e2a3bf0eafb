package io.github.esteira.gateway;

import static io.github.esteira.gateway.ProblemAssert.assertProblem;
import static io.github.esteira.gateway.RunningGateway.VALID;
import static io.github.esteira.gateway.RunningGateway.send;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.HttpCookie;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExperimentKeyTest extends GatewayTest {

	@Test
	void aNewClientKeepsTheKeyThatItWasGiven() {
		HttpResponse<String> first = gateway.predict();
		HttpCookie cookie = HttpCookie.parse(setCookie(first).getFirst()).getFirst();
		assertThat(cookie.getName()).isEqualTo("experiment_key");
		assertThat(forwarded()).containsExactly(cookie.getValue());

		stub.will(StubInferenceService.json(200, "{}"));
		HttpResponse<String> second = send(withCookie("experiment_key=" + cookie.getValue()));

		assertThat(forwarded()).containsExactly(cookie.getValue());
		assertThat(setCookie(second)).isEmpty();
	}

	@Test
	void theCookieIsOutOfReachForScriptsAndOtherSites() {
		assertThat(setCookie(gateway.predict())).singleElement().asString()
			.contains("; HttpOnly", "; SameSite=Lax", "; Secure", "; Path=/", "; Max-Age=2592000");
	}

	@Test
	void theHeaderWinsOverTheCookie() {
		HttpResponse<String> answer = send(
				withCookie("experiment_key=from-cookie").header("X-Experiment-Key", "from-header"));

		assertThat(forwarded()).containsExactly("from-header");
		assertThat(setCookie(answer)).isEmpty();
	}

	@Test
	void otherCookiesAreNotForwarded() {
		send(withCookie("session=secret; experiment_key=known"));

		assertThat(forwarded()).containsExactly("known");
		assertThat(stub.received().getFirst().headers().get("Cookie")).isNull();
	}

	@ParameterizedTest
	@ValueSource(strings = { "two words", "a;b", "<script>", "",
			"01234567890123456789012345678901234567890123456789012345678901234" })
	void aMalformedHeaderIsRefused(String key) {
		HttpResponse<String> answer = send(gateway.prediction(VALID).header("X-Experiment-Key", key));

		assertProblem(answer, 400, "invalid-experiment-key");
		assertThat(stub.received()).isEmpty();
	}

	@Test
	void aMalformedCookieIsReplaced() {
		HttpResponse<String> answer = send(withCookie("experiment_key=a.b"));

		assertThat(answer.statusCode()).isEqualTo(200);
		HttpCookie cookie = HttpCookie.parse(setCookie(answer).getFirst()).getFirst();
		assertThat(forwarded()).containsExactly(cookie.getValue()).doesNotContain("a.b");
	}

	private static HttpRequest.Builder withCookie(String cookie) {
		return gateway.prediction(VALID).header("Cookie", cookie);
	}

	private static List<String> setCookie(HttpResponse<String> answer) {
		return answer.headers().allValues("Set-Cookie");
	}

	private static List<String> forwarded() {
		assertThat(stub.received()).hasSize(1);
		return stub.received().getFirst().headers().get("X-Experiment-Key");
	}

}
